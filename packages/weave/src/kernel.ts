import type { Actor, Evidence } from '@underdock/trace';
import { cgroupValue } from './decode/cgroupFiles.ts';
import { errnoName } from './decode/errno.ts';
import { kernelEvidence } from './evidence.ts';
import type { Kin, Lineage } from './lineage.ts';
import type {
  CgroupRecord,
  ExecRecord,
  ExitRecord,
  ForkRecord,
  NamespacesRecord,
  OomRecord,
  SpawnedRecord,
  SyscallRecord,
} from './record.ts';
import { type Told, tellSyscall, withoutAbsent } from './syscallSteps.ts';
import type { Draft, Writer } from './writer.ts';

type FromKernel =
  | SyscallRecord
  | ForkRecord
  | ExecRecord
  | ExitRecord
  | CgroupRecord
  | OomRecord
  | NamespacesRecord;

interface OpenCall {
  name: string;
  span: string;
  told: Told;
  childPid?: number;
}

/** Turns what the kernel was seen to do into events, for processes of one lineage. */
export class KernelEvents {
  #lineage: Lineage;
  #writer: Writer;
  #hostNamespaces: Readonly<Record<string, number>>;
  /** By thread: the call that has been entered. */
  #calls = new Map<number, OpenCall>();
  #bornNow = new Set<number>();
  constructor(lineage: Lineage, writer: Writer, hostNamespaces: Readonly<Record<string, number>>) {
    this.#lineage = lineage;
    this.#writer = writer;
    this.#hostNamespaces = hostNamespaces;
  }

  take(record: FromKernel): void {
    if (record.kind === 'oom') this.#oom(record);
    else if (record.kind === 'cgroup') this.#cgroup(record);
    else this.#ofKin(record);
  }

  #ofKin(record: Exclude<FromKernel, OomRecord | CgroupRecord>): void {
    const kin = this.#lineage.get(record.pid);
    if (!kin) return;
    if (record.comm !== '') kin.comm = record.comm;
    if (record.kind === 'fork') this.#fork(record);
    else if (record.kind === 'exec') this.#exec(record, kin);
    else if (record.kind === 'exit') this.#death(record, kin);
    else if (record.kind === 'namespaces') this.#namespaces(record, kin);
    else if (record.phase === 'enter') this.#enter(record, kin);
    else this.#exit(record, kin);
  }

  /** A process that underdock started; nothing is said when the kernel has told of it already. */
  spawned(record: SpawnedRecord): void {
    const kin = this.#lineage.get(record.pid);
    if (!kin || kin.told) return;
    const evidence: Evidence = { source: 'self', raw: { pid: record.pid, actor: record.actor } };
    this.#process(kin, record.at, { alive: true }, evidence);
  }

  #enter(record: SyscallRecord, kin: Kin): void {
    const told = tellSyscall(record);
    if (!told) return;
    const left = this.#calls.get(record.tid);
    if (left) this.#end(left, record, kin, { open: true });
    const span = this.#writer.newSpan();
    this.#calls.set(record.tid, { name: record.name, span, told });
    this.#write('begin', told.step, record, kin, told.data, span);
  }

  #exit(record: SyscallRecord, kin: Kin): void {
    const call = this.#calls.get(record.tid);
    if (!call || call.name !== record.name) return;
    this.#calls.delete(record.tid);
    const result = record.result ?? 0;
    if (result < 0) {
      this.#end(call, record, kin, { error: errnoName(-result) });
      return;
    }
    const childPid = call.childPid ?? (call.told.step === 'kernel/clone' ? result : undefined);
    this.#end(call, record, kin, withoutAbsent({ ...this.#late(call, record), childPid }));
    this.#consequence(call, record, kin);
  }

  // Strings that could be read only when the call returned.
  #late(call: OpenCall, record: SyscallRecord): Record<string, unknown> {
    const told = tellSyscall(record)?.data ?? {};
    const names = Object.keys(record.args);
    return Object.fromEntries(
      Object.entries(told).filter(([name]) => names.includes(name) && name in call.told.data),
    );
  }

  #end(call: OpenCall, record: SyscallRecord, kin: Kin, data: Record<string, unknown>): void {
    this.#write('end', call.told.step, record, kin, data, call.span);
  }

  #consequence(call: OpenCall, record: SyscallRecord, kin: Kin): void {
    const { step, data } = call.told;
    const fact = (name: string, said: Record<string, unknown>) =>
      this.#write('fact', name, record, kin, { ...said, pid: kin.pid }, call.span);
    if (step === 'kernel/no-new-privs') fact('kernel/has-restriction', { kind: 'no-new-privs', value: true });
    if (step === 'kernel/seccomp' && !data.probe) {
      const mode = data.operation === 'SECCOMP_SET_MODE_STRICT' ? 'strict' : 'filter';
      fact('kernel/has-restriction', { kind: 'seccomp', value: mode });
    }
    if (step === 'kernel/capset')
      fact('kernel/has-restriction', { kind: 'capabilities', value: data.effective });
    if (step === 'kernel/setuid') fact('kernel/has-restriction', { kind: 'user', value: { uid: data.uid } });
    if (step === 'kernel/setgid') fact('kernel/has-restriction', { kind: 'user', value: { gid: data.gid } });
    if (step === 'kernel/cgroup-write') {
      const value = cgroupValue(String(data.name), String(data.value));
      const file = data.file;
      if (value) this.#write('fact', 'kernel/has-cgroup-value', record, kin, { file, ...value }, call.span);
    }
  }

  #fork(record: ForkRecord): void {
    const call = this.#calls.get(record.tid);
    const clone = call?.told.step === 'kernel/clone' ? call : undefined;
    if (clone) clone.childPid = record.childPid;
    const child = this.#lineage.fork(
      record.pid,
      record.childPid,
      record.childComm ?? record.comm,
      clone?.span,
    );
    if (!child) return;
    this.#bornNow.add(child.pid);
    this.#process(child, record.at, { alive: true }, kernelEvidence(record));
  }

  #namespaces(record: NamespacesRecord, kin: Kin): void {
    const before = kin.role;
    const born = this.#bornNow.delete(kin.pid);
    const changed = this.#lineage.namespaces(kin, record.inodes, born);
    const span = this.#calls.get(record.tid)?.span ?? (born ? kin.bornBy : undefined);
    for (const kind of changed) {
      const inode = record.inodes[kind];
      const hostInode = this.#hostNamespaces[kind];
      const data = withoutAbsent({ kind, inode, hostInode, own: inode !== hostInode, pid: kin.pid });
      this.#write('fact', 'kernel/has-namespace', record, kin, data, span);
    }
    if (kin.role !== before) {
      const inside = kin.enters ? {} : { innerPid: 1 };
      this.#process(kin, record.at, { alive: true, ...inside }, kernelEvidence(record));
    }
  }

  #exec(record: ExecRecord, kin: Kin): void {
    const data = withoutAbsent({ syscall: record.syscall ?? 'execve', path: record.path, argv: record.argv });
    this.#write('log', 'kernel/execve', record, kin, data);
    this.#calls.delete(record.tid);
    kin.comm = record.newComm ?? kin.comm;
    this.#process(kin, record.at, withoutAbsent({ argv: record.argv, alive: true }), kernelEvidence(record));
  }

  #death(record: ExitRecord, kin: Kin): void {
    const { exitCode, signal } = record;
    const end = withoutAbsent({ exitCode, signal });
    this.#write('log', 'kernel/exit', record, kin, end);
    this.#process(kin, record.at, { alive: false, ...end, gone: true }, kernelEvidence(record));
    this.#lineage.gone(kin.pid);
    this.#bornNow.delete(kin.pid);
  }

  #cgroup(record: CgroupRecord): void {
    const kin = this.#lineage.get(record.pid) ?? this.#lineage.get(record.attachedPid ?? -1);
    if (!kin) return;
    const { path, hierarchy } = record;
    const cgroup = { path, hierarchy, controllers: record.controllers ?? [] };
    const attached = { attachedPid: record.attachedPid, comm: record.attachedComm };
    const span = this.#calls.get(record.tid)?.span;
    const data = withoutAbsent({ ...cgroup, ...attached });
    this.#write('log', `kernel/cgroup-${record.act}`, record, kin, data, span);
    if (record.act === 'attach') return;
    const fact = record.act === 'rmdir' ? { ...cgroup, gone: true } : cgroup;
    this.#write('fact', 'kernel/has-cgroup', record, kin, fact, span);
  }

  #oom(record: OomRecord): void {
    const kin = this.#lineage.get(record.victimPid);
    if (!kin) return;
    const { victimPid, totalVmKb, anonRssKb } = record;
    const comm = record.victimComm ?? kin.comm;
    const data = withoutAbsent({ victimPid, comm, totalVmKb, anonRssKb });
    this.#write('log', 'kernel/oom-kill', record, kin, data);
  }

  #process(kin: Kin, at: number, data: Record<string, unknown>, evidence: Evidence): void {
    kin.told = true;
    this.#writer.write({
      ...this.#place(kin, at, { name: named(kin.comm), pid: kin.pid }),
      type: 'fact',
      step: 'process/has-process',
      layer: 'process',
      span: kin.bornBy,
      data: { pid: kin.pid, comm: kin.comm, role: kin.role, ...data },
      evidence: [evidence],
    });
  }

  #write(
    type: Draft['type'],
    step: string,
    record: FromKernel,
    kin: Kin,
    data: Record<string, unknown>,
    span?: string,
  ): void {
    // The doer may be outside: a cgroup attach by somebody else, the OOM killer.
    const name = named(record.comm === '' ? kin.comm : record.comm);
    this.#writer.write({
      ...this.#place(kin, record.at, { name, pid: record.pid }),
      type,
      step,
      layer: 'kernel',
      span,
      data: record.uncertaintyMs === undefined ? data : { ...data, uncertaintyMs: record.uncertaintyMs },
      evidence: [kernelEvidence(record)],
    });
  }

  #place(kin: Kin, at: number, actor: Actor): Pick<Draft, 'at' | 'actor' | 'cause' | 'container' | 'grade'> {
    return { at, actor, cause: [kin.cause], container: kin.container, grade: 'observed' };
  }
}

/** A name that the format takes: never empty, 64 characters at most. */
function named(comm: string): string {
  return comm === '' ? 'unknown' : comm.slice(0, 64);
}
