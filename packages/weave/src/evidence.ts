import type { Evidence } from '@underdock/trace';
import type { RawRecord } from './record.ts';

type FromKernel = Extract<RawRecord, { source: 'tracepoint' | 'strace' }>;

/** The decoded fields of a kernel's record as evidence. */
export function kernelEvidence(record: FromKernel): Evidence {
  const { at: _at, uncertaintyMs: _uncertainty, source, kind, ...fields } = record;
  return {
    source,
    raw: { event: eventName(record), ...(kind === 'syscall' ? withoutPhase(fields) : fields) },
  };
}

function withoutPhase(fields: Record<string, unknown>): Record<string, unknown> {
  const { phase: _phase, name: _name, args, ...rest } = fields;
  return { ...rest, ...(args as object) };
}

function eventName(record: FromKernel): string {
  switch (record.kind) {
    case 'syscall':
      return `sys_${record.phase}_${record.name}`;
    case 'fork':
      return 'task_newtask';
    case 'exec':
      return 'sched_process_exec';
    case 'exit':
      return 'sched_process_exit';
    case 'cgroup':
      return record.act === 'attach' ? 'cgroup_attach_task' : `cgroup_${record.act}`;
    case 'oom':
      return 'mark_victim';
    case 'namespaces':
      return 'nsproxy';
  }
}
