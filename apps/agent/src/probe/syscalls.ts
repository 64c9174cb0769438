import {
  FD_OF_PROC_PATH,
  FILE_OF_W,
  MOUNT_OF_F,
  NUMBERS,
  PIECE,
  PRINT_PATH,
  printCounted,
  printString,
  STRINGS,
  type SyscallProbe,
  TRACKED,
} from './fragment.ts';

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/**
 * One probe at every call's entry and one at every return. Each call that is told sets the same variables, and one common
 * end prints them: two programs in the kernel instead of eighty load and vanish in a tenth of the time.
 */
export function syscallProbes(calls: readonly SyscallProbe[], arch: 'x64' | 'arm64'): string {
  const branches = calls.map((call, index) => branch(call, index, arch)).join('\n');
  const clear = [
    ...range(NUMBERS).map((n) => `$n${n} = (uint64)0;`),
    ...range(STRINGS).map((n) => `$s${n} = (uint64)0;`),
  ].join(' ');
  return `tracepoint:raw_syscalls:sys_enter /${TRACKED}/ {
  $k = (uint64)0; $l = (uint64)0; $w = (uint64)0xffffffff; $x = (uint64)9; $g = (uint64)0; $h = (uint64)0; ${clear}
  $q = (struct task_struct *)curtask; $f = (struct file *)0; $id = (uint64)args->id;
  ${range(6)
    .map((n) => `$a${n} = (uint64)args->args[${n}];`)
    .join(' ')}
  ${branches}
  if ($k != 0) {
    @i[tid] = $k;
    ${range(STRINGS)
      .map((n) => stringAtEntry(n))
      .join('\n    ')}
    if ($w != 0xffffffff) {
      $m = (struct mount *)0;
      if ((uint64)$f == 0) { ${FILE_OF_W} if ((uint64)$f != 0) { ${MOUNT_OF_F} } }
      if ((uint64)$f != 0) { $d = $f->f_path.dentry; ${PRINT_PATH} }
    }
    printf("e %d %llu %d %d ${range(NUMBERS)
      .map(() => '%lu')
      .join(' ')}:%s\\n", $k - 1, nsecs, pid, tid, ${range(NUMBERS).map((n) => `$n${n}`)}, comm);
  }
}
tracepoint:raw_syscalls:sys_exit /@i[tid]/ {
  ${range(STRINGS)
    .map((n) => stringAtReturn(n))
    .join('\n  ')}
  printf("x %d %llu %d %d %ld:%s\\n", @i[tid] - 1, nsecs, pid, tid, args->ret, comm);
  delete(@i[tid]);
}
`;
}

function branch(call: SyscallProbe, index: number, arch: 'x64' | 'arm64'): string {
  const id = call.ids[arch === 'x64' ? 0 : 1];
  if (id === null) return '';
  const set = [
    `$k = (uint64)${index + 1};`,
    ...Object.values(call.numbers ?? {}).map(([expression], n) => `$n${n} = (uint64)${expression};`),
    ...Object.values(call.strings ?? {}).map((pointer, n) => `$s${n} = (uint64)${pointer};`),
    call.length ? `$l = (uint64)${call.length};` : '',
    call.fdPath ? `$w = (uint64)${call.fdPath.fd} & 0xffffffff;` : '',
    call.procPath ? `$p = $s${call.procPath.string}; ${FD_OF_PROC_PATH}` : '',
  ].join(' ');
  const told = call.when ? `${call.setup ?? ''} if (${call.when}) { ${set} }` : `${call.setup ?? ''} ${set}`;
  return `if ($id == ${id}) { ${told} }`.replaceAll(/\bA([0-5])\b/g, '$$a$1');
}

// A page that nobody has touched yet can't be read from BPF: such strings are read once more at the return.
function stringAtEntry(n: number): string {
  const counted =
    n === 0 ? `if ($l != 0) { @l[tid] = $l; ${printCounted(n)} } else { ${printString(n)} }` : printString(n);
  return `if ($s${n} != 0) { $p = $s${n};
      if (*(uint8*)uptr($p) == 0 || ($p >> 12) != (($p + ${PIECE}) >> 12)) { @r${n}[tid] = $p; }
      ${counted} }`;
}

function stringAtReturn(n: number): string {
  const counted =
    n === 0
      ? `$l = (uint64)@l[tid]; if ($l != 0) { ${printCounted(n)} } else { ${printString(n)} }`
      : printString(n);
  return `if (@r${n}[tid]) { $p = (uint64)@r${n}[tid]; delete(@r${n}[tid]); ${counted} }${n === 0 ? ' delete(@l[tid]);' : ''}`;
}
