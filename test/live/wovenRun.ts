import { spawn } from 'node:child_process';
import { encodeLine, type TraceEvent, type TraceHeader } from '@underdock/trace';
import { createWeave, type RawRecord } from '@underdock/weave';
import type { KernelWatch } from '../../apps/agent/src/layers/watcher.ts';
import { hostNamespaces } from '../../apps/agent/src/run/host.ts';

/** A command that was run as a run's only act, and the trace that was woven of it. */
export interface WovenRun {
  pid: number;
  exitCode: number | null;
  stdout: string;
  stderr: string;
  events: TraceEvent[];
  records: RawRecord[];
  /** The trace as a file would hold it. */
  text: string;
}

/** Runs a command as a low-level runtime's act, watched by `watch`, and weaves what was seen. */
export async function runWoven(watch: KernelWatch, argv: string[], container: string): Promise<WovenRun> {
  const originNs = process.hrtime.bigint();
  const now = () => Number(process.hrtime.bigint() - originNs) / 1e6;
  const [events, records]: [TraceEvent[], RawRecord[]] = [[], []];
  const weave = createWeave({ emit: (event) => events.push(event), hostNamespaces: hostNamespaces() });
  const unfollow = watch.follow(originNs, (record) => {
    records.push(record);
    weave.add(record);
  });
  const timer = setInterval(() => weave.tick(), 50);
  const span = weave.newSpan();
  const act = { step: 'low-level/create', layer: 'low-level', actor: { name: 'underdock' }, span } as const;
  const self = (type: 'begin' | 'end', data: Record<string, unknown>) =>
    weave.add({ kind: 'self', at: now(), type, ...act, container, data });
  self('begin', { argv });
  const [file = '', ...args] = watch.wrap(argv);
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const pid = child.pid ?? 0;
  const spawned: RawRecord = {
    kind: 'spawned',
    at: now(),
    pid,
    span,
    layer: 'low-level',
    actor: file,
    container,
  };
  weave.add(spawned);
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const exitCode = await new Promise<number | null>((done) => child.once('close', done));
  self('end', { exitCode });
  await watch.settle();
  clearInterval(timer);
  unfollow();
  weave.close(now());
  const text = [encodeLine(headerOf(originNs)), ...events.map(encodeLine)].join('');
  return { pid, exitCode, stdout: stdout(), stderr: stderr(), events, records: [spawned, ...records], text };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

function headerOf(originNs: bigint): TraceHeader {
  return {
    underdock: 1,
    id: 'woven',
    title: 'a woven run',
    via: 'oci',
    command: [],
    startedAt: new Date().toISOString(),
    clock: { monotonicNs: String(originNs), wallMs: Date.now() },
    host: { kernel: '', arch: process.arch, cgroup: 'hybrid', root: true, versions: {} },
    watchers: [],
    redacted: [],
  };
}
