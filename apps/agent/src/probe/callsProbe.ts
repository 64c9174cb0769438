import type { CallRecord } from '@underdock/weave';
import { bpftraceVersion, type Probe, readTracepoints, startProbe } from './bpftrace.ts';
import { CallDecoder } from './callDecode.ts';
import { buildCallsProgram, type CallTarget } from './callsProgram.ts';
import { ProbeError } from './error.ts';
import { LineOrder } from './lineOrder.ts';
import type { Printed } from './lines.ts';
import { LostCount } from './lostCount.ts';
import { ProbeClock } from './probeClock.ts';

/** What a probe of daemons is started with. Instants are ms of CLOCK_MONOTONIC. */
export interface CallsProbeOptions {
  targets: readonly CallTarget[];
  agentPid: number;
  emit: (record: CallRecord) => void;
  /** All that happened before `at` was emitted. */
  onClock: (at: number) => void;
  onLost: (count: number, why: string) => void;
  onEnd: (error: ProbeError) => void;
}

/** Calls that never end, such as those of a killed client, are remembered no longer than this many later ones. */
const MOST_OPEN = 8192;

/** One bpftrace on a set of programs. While it follows another one it leaves to that what that has seen begin. */
export class CallsProbe {
  #options: CallsProbeOptions;
  #probe: Probe | undefined;
  #clock = new ProbeClock();
  #lost = new LostCount();
  #order = new LineOrder(() => this.#lost.add(1, 'a line came too late to be put in its place'));
  #decoder: CallDecoder;
  #from = Number.POSITIVE_INFINITY;
  #until = Number.POSITIVE_INFINITY;
  #open = new Set<string>();
  private constructor(options: CallsProbeOptions) {
    this.#options = options;
    this.#decoder = new CallDecoder({
      emit: (record) => this.#emit({ ...record, at: this.#clock.monotonic(record.at) }),
      clock: (at) => options.onClock(this.#clock.monotonic(at)),
    });
  }

  /** Starts bpftrace and resolves when it watches. Nothing is emitted before `begin`. */
  static async start(options: CallsProbeOptions): Promise<CallsProbe> {
    const version = await bpftraceVersion();
    const points = await readTracepoints(['raw_syscalls']);
    if (!points.has('raw_syscalls:sys_enter'))
      throw new ProbeError('no-tracepoints', 'the kernel needs CONFIG_FTRACE_SYSCALLS');
    const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
    const probe = new CallsProbe(options);
    probe.#probe = await startProbe({
      program: buildCallsProgram(options.targets, { version, arch }),
      agentPid: options.agentPid,
      unsafe: true,
      onPrinted: (printed) => probe.#printed(printed),
      onEnd: (error) => probe.#ended(error),
    });
    return probe;
  }

  /** The pid of bpftrace. */
  get pid(): number | undefined {
    return this.#probe?.pid;
  }

  /** Whether calls are open that it has seen begin. */
  get busy(): boolean {
    return this.#open.size > 0;
  }

  /** Tells calls that begin at `at` or later. */
  begin(at: number): void {
    this.#from = at;
  }

  /** Tells only the rest of calls that began before `at`: another probe tells the later ones. */
  retire(at: number): void {
    this.#until = at;
  }

  async stop(): Promise<void> {
    const probe = this.#probe;
    this.#probe = undefined;
    await probe?.stop();
  }

  #printed(printed: Printed): void {
    if (printed.is === 'other') return;
    if (printed.is === 'lost') this.#lost.add(printed.count, 'bpftrace’s buffer was full');
    else if (printed.is === 'malformed') this.#lost.attempt(() => false);
    else {
      const { line } = printed;
      if (line.letter === 't') this.#clock.calibrate(Number(line.words[1]) / 1e6, nowMs());
      for (const ordered of this.#order.take(line)) this.#lost.attempt(() => this.#decoder.line(ordered));
      if (line.letter === 't') this.#tellLost();
    }
  }

  #tellLost(): void {
    for (const { count, why } of this.#lost.take()) this.#options.onLost(count, why);
  }

  #emit(record: CallRecord): void {
    const call = `${record.pid} ${record.routine} ${record.protocol} ${record.side}`;
    if (record.phase === 'enter') {
      this.#open.delete(call);
      if (record.at < this.#from || record.at >= this.#until) return;
      this.#open.add(call);
      const [oldest] = this.#open.size > MOST_OPEN ? this.#open : [];
      if (oldest) this.#open.delete(oldest);
    } else if (!this.#open.has(call)) return;
    if (record.phase === 'exit') this.#open.delete(call);
    this.#options.emit(record);
  }

  #ended(error: ProbeError): void {
    this.#probe = undefined;
    for (const line of this.#order.flush()) this.#lost.attempt(() => this.#decoder.line(line));
    this.#tellLost();
    this.#options.onEnd(error);
  }
}

/** The present instant, in ms of CLOCK_MONOTONIC. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
