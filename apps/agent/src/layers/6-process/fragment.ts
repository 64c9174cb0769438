import { ROOT_COMMS } from '@underdock/weave';
import { ARGV_PIECE, ARGV_PIECES, type Fragment, PIECE, TRACKED } from '../../probe/fragment.ts';

// The namespaces of the current process as inodes, after what may have changed them: unshare, setns, its own birth.
const KINDS = ['mnt_ns', 'pid_ns_for_children', 'net_ns', 'uts_ns', 'ipc_ns', 'cgroup_ns', 'time_ns'];
const PRINT_NAMESPACES = `$q = (struct task_struct *)curtask;
    printf("n %llu %d %d${' %u'.repeat(KINDS.length + 1)}:%s\\n", nsecs, pid, tid,
      ${KINDS.map((kind) => `$q->nsproxy->${kind}->ns.inum`).join(', ')}, $q->cred->user_ns->ns.inum, comm);`;

// The new program's arguments as the kernel has laid them out (mm->arg_start), never what lies behind: the environment.
// Lengths are constants, the rest by its bits: the verifier does not follow a length that is computed.
const printPiece = (bytes: number) =>
  `printf("a %d %d:%rh\\n", tid, $i, buf(uptr($p), ${bytes})); $p = $p + ${bytes}; $i = $i + 1;`;
const PRINT_ARGUMENTS = `$i = (uint64)0;
  while ($i < ${ARGV_PIECES}) {
    if ($l < ${ARGV_PIECE}) { break; }
    ${printPiece(ARGV_PIECE)} $l = $l - ${ARGV_PIECE};
  }
  if ($l < ${ARGV_PIECE}) {
    ${[32, 16, 8, 4, 2, 1].map((bytes) => `if (($l & ${bytes}) != 0) { ${printPiece(bytes)} }`).join('\n    ')}
  }`;

const birth = {
  needs: 'task:task_newtask',
  text: `tracepoint:task:task_newtask /(pid == $1 || ${TRACKED}) && (args->clone_flags & 0x10000) == 0/ {
  @t[(uint64)args->pid] = (uint64)1; @b[(uint64)args->pid] = (uint64)1;
  printf("f %llu %d %d %d %lu:%s\\n", nsecs, pid, tid, args->pid, args->clone_flags, comm); }`,
};

const BEGINS = ROOT_COMMS.map((name) => `comm == "${name}"`).join(' || ');
const program = {
  needs: 'sched:sched_process_exec',
  // A program of the chain that somebody else starts is tracked from its exec on. An engine of the agent's own is not:
  // what it does for others would be more than what it does for a run.
  text: `tracepoint:sched:sched_process_exec /${TRACKED} || ${BEGINS}/ {
  @t[(uint64)pid] = (uint64)1;
  $q = (struct task_struct *)curtask; $p = (uint64)$q->mm->arg_start; $l = (uint64)$q->mm->arg_end - $p; $all = $l;
  ${PRINT_ARGUMENTS}
  printf("s %d 0 0:%s\\n", tid, str(args->filename));
  printf("p %llu %d %d %d %lu %u %u:%s\\n", nsecs, pid, tid, args->old_pid, $all,
    uid, $q->nsproxy->pid_ns_for_children->ns.inum, comm);
  if (comm == "dockerd" || comm == "containerd") { delete(@t[(uint64)pid]); } }`,
};

const death = {
  needs: 'sched:sched_process_exit',
  text: `tracepoint:sched:sched_process_exit /${TRACKED}/ {
  $q = (struct task_struct *)curtask; delete(@i[tid]); delete(@b[(uint64)tid]);
  if ($q->signal->live.counter == 0) { delete(@t[(uint64)pid]);
    printf("d %llu %d %d %d:%s\\n", nsecs, pid, tid, $q->exit_code, comm); } }`,
};

/**
 * What the process layer contributes: births, new programs, deaths. It decides which processes are tracked. `changing`
 * are the numbers of the calls that may change namespaces: unshare and setns.
 */
export function processFragment(changing: readonly number[]): Fragment {
  const changed = changing.map((id) => `args->id == ${id}`).join(' || ');
  return {
    probes: [
      birth,
      program,
      death,
      {
        // A child's first return from the call that made it is 0: here its own namespaces can be seen.
        needs: 'raw_syscalls:sys_exit',
        text: `tracepoint:raw_syscalls:sys_exit /${TRACKED} && args->ret == 0/ {
  if (@b[(uint64)tid] || ${changed}) { delete(@b[(uint64)tid]); ${PRINT_NAMESPACES} } }`,
      },
    ],
  };
}

export const NAMESPACE_KINDS = ['mnt', 'pid', 'net', 'uts', 'ipc', 'cgroup', 'time', 'user'] as const;
/** A path longer than this is cut by the probe. */
export const EXEC_PATH_LIMIT = PIECE;
