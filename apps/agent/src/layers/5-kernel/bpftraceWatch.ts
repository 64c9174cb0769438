import { readFile } from 'node:fs/promises';
import type { WatcherState } from '@underdock/trace';
import { bpftraceVersion, type Probe, readTracepoints, startProbe } from '../../probe/bpftrace.ts';
import { locateOn, readHierarchies, readMountinfo } from '../../probe/cgroupMounts.ts';
import { ProbeDecoder } from '../../probe/decode.ts';
import { ProbeError } from '../../probe/error.ts';
import { FanOut } from '../../probe/fanOut.ts';
import { LineOrder } from '../../probe/lineOrder.ts';
import type { Printed, ProbeLine } from '../../probe/lines.ts';
import { LostCount } from '../../probe/lostCount.ts';
import { ProbeClock } from '../../probe/probeClock.ts';
import { buildProgram } from '../../probe/program.ts';
import { Restarts } from '../../probe/restarts.ts';
import { NAMESPACE_KINDS, processFragment } from '../6-process/fragment.ts';
import type { Follower, KernelWatch } from '../watcher.ts';
import { kernelFragment, SYSCALLS } from './fragment.ts';
import type { KernelWatchOptions } from './watcher.ts';

const CATEGORIES = ['raw_syscalls', 'task', 'sched', 'cgroup', 'oom'];
const NEEDED = [
  'raw_syscalls:sys_enter',
  'raw_syscalls:sys_exit',
  'task:task_newtask',
  'sched:sched_process_exit',
];

/** Watches the agent's descendants with one bpftrace. Needs root and BPF. */
export class BpftraceWatch implements KernelWatch {
  readonly layer = 'kernel';
  readonly name = 'bpftrace';
  state: WatcherState = { layer: 'kernel', name: 'bpftrace', state: 'missing', why: 'not started' };
  #options: KernelWatchOptions;
  #out = new FanOut();
  #probe: Probe | undefined;
  #decoder: ProbeDecoder | undefined;
  #order: LineOrder | undefined;
  #clock = new ProbeClock();
  #lastMs = 0;
  #lost = new LostCount();
  #restarts = new Restarts();
  #stopped = false;
  constructor(options: KernelWatchOptions) {
    this.#options = options;
  }

  async start(): Promise<WatcherState> {
    try {
      this.#probe = await this.#startProbe();
      this.state = { layer: 'kernel', name: 'bpftrace', state: 'ok' };
    } catch (error) {
      // Also a full disk or a lack of processes: without a probe there is a gap, and never an end.
      this.state = { layer: 'kernel', name: 'bpftrace', state: 'missing', why: probeError(error).message };
    }
    return this.state;
  }

  async #startProbe(): Promise<Probe> {
    if (process.getuid?.() !== 0)
      throw new ProbeError('not-root', 'bpftrace needs root: start underdock with sudo');
    const version = await bpftraceVersion();
    const points = await readTracepoints(CATEGORIES);
    const absent = NEEDED.filter((name) => !points.has(name));
    if (absent.length > 0) {
      const why = `the kernel has no ${absent.join(', ')}: it needs CONFIG_FTRACE_SYSCALLS`;
      throw new ProbeError('no-tracepoints', why);
    }
    const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
    const changing = SYSCALLS.filter((call) => call.name === 'unshare' || call.name === 'setns');
    const ids = changing.map((call) => call.ids[arch === 'x64' ? 0 : 1] ?? -1);
    const oomDetail = points.hasField('oom:mark_victim', 'total_vm');
    this.#order = new LineOrder(() => this.#lost.add(1, 'a line came too late to be put in its place'));
    const fragments = [processFragment(ids), kernelFragment({ oomDetail })];
    const program = buildProgram(fragments, { version, arch, hasTracepoint: points.has });
    const hierarchies = readHierarchies(await readFile('/proc/self/cgroup', 'utf8'));
    this.#clock = new ProbeClock();
    this.#decoder = new ProbeDecoder({
      syscalls: SYSCALLS,
      namespaceKinds: NAMESPACE_KINDS,
      locate: locateOn(readMountinfo(await readFile('/proc/self/mountinfo', 'utf8'))),
      controllers: (id) => hierarchies.get(id) ?? [],
      emit: (record) => this.#out.push({ ...record, at: this.#clock.monotonic(record.at) }),
    });
    return startProbe({
      program,
      agentPid: this.#options.agentPid,
      onPrinted: (printed) => this.#printed(printed),
      onEnd: (error) => this.#ended(error),
    });
  }

  #printed(printed: Printed): void {
    if (printed.is === 'other') return;
    if (printed.is === 'lost') this.#lost.add(printed.count, 'bpftrace’s buffer was full');
    else if (printed.is === 'malformed') this.#lost.attempt(() => false);
    else this.#line(printed.line);
  }

  #line(line: ProbeLine): void {
    if (line.letter === 't') this.#calibrate(Number(line.words[1]) / 1e6);
    this.#decode(this.#order?.take(line) ?? []);
    if (line.letter === 't') this.#tellLost();
  }

  #calibrate(probeMs: number): void {
    this.#clock.calibrate(probeMs, nowMs());
    this.#lastMs = this.#clock.monotonic(probeMs);
  }

  #decode(lines: ProbeLine[]): void {
    for (const line of lines) this.#lost.attempt(() => this.#decoder?.line(line) ?? false);
  }

  // With each heartbeat: one event, whatever the number.
  #tellLost(): void {
    for (const { count, why } of this.#lost.take())
      this.#out.push({ kind: 'lost', at: this.#lastMs, layer: 'kernel', name: 'bpftrace', count, why });
  }

  #ended(error: ProbeError): void {
    this.#probe = undefined;
    this.#decode(this.#order?.flush() ?? []);
    this.#tellLost();
    const again = this.#restarts.next(nowMs());
    const what = again ? 'it is started again' : 'it ended too often to be started again';
    this.#become('missing', `${error.message}: what happens now is not seen; ${what}`);
    this.#out.release();
    if (again) void this.#startAgain();
  }

  async #startAgain(): Promise<void> {
    try {
      const probe = await this.#startProbe();
      if (this.#stopped) return await probe.stop();
      this.#probe = probe;
      this.#become(
        'ok',
        'bpftrace watches again: of processes that were there before, only new children are seen',
      );
    } catch (error) {
      if (!this.#stopped) this.#ended(probeError(error));
    }
  }

  #become(state: 'ok' | 'missing', why: string): void {
    this.state = { layer: 'kernel', name: 'bpftrace', state, ...(state === 'missing' ? { why } : {}) };
    this.#out.push({ kind: 'watcher', at: nowMs(), layer: 'kernel', name: 'bpftrace', state, why });
    this.#options.onState?.(this.state);
  }

  follow(originNs: bigint, follower: Follower): () => void {
    return this.#out.follow(originNs, follower);
  }

  async settle(timeoutMs = 2000): Promise<boolean> {
    return this.#probe ? this.#out.settle(nowMs(), timeoutMs) : true;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const probe = this.#probe;
    this.#probe = undefined;
    this.#out.release();
    await probe?.stop();
  }

  wrap(argv: readonly string[]): string[] {
    return [...argv];
  }
}

function probeError(error: unknown): ProbeError {
  if (error instanceof ProbeError) return error;
  return new ProbeError('ended', `bpftrace could not be started: ${String(error)}`, { cause: error });
}

function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
