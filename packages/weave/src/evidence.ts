import type { Evidence } from '@underdock/trace';
import type { CallRecord, EngineEventRecord, RawRecord, RootRecord } from './record.ts';
import { toldQuery } from './sort/requestPath.ts';
import { withoutAbsent } from './syscallSteps.ts';

type FromKernel = Extract<RawRecord, { source: 'tracepoint' | 'strace' }>;

/** The decoded fields of a kernel's record as evidence. */
export function kernelEvidence(record: FromKernel): Evidence {
  const { at: _at, uncertaintyMs: _uncertainty, source, kind, ...fields } = record;
  return {
    source,
    raw: { event: eventName(record), ...(kind === 'syscall' ? withoutPhase(fields) : fields) },
  };
}

/** What a probe on a function of a daemon or client saw. Never the payload itself. */
export function callEvidence(record: CallRecord): Evidence {
  const { phase, protocol, side, pid, tid, comm, routine, method, path, query, text, status, failed } =
    record;
  const raw = { event: `${protocol}_${side}_${phase}`, pid, tid, comm, goroutine: routine };
  return {
    source: 'uprobe',
    raw: withoutAbsent({ ...raw, method, path, query: toldQuery(query), text, status, failed }),
  };
}

/** The exec that made a program of the chain. */
export function rootEvidence({ pid, actor, argv }: RootRecord): Evidence {
  return { source: 'tracepoint', raw: { event: 'sched_process_exec', pid, actor, argv } };
}

/** An event out of a daemon's own stream. */
export function eventEvidence({ topic, container, attributes }: EngineEventRecord): Evidence {
  return { source: 'events', raw: withoutAbsent({ topic, container, ...attributes }) };
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
