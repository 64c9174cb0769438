import type { TraceEvent } from '@underdock/trace';
import type { RawRecord } from '@underdock/weave';
import type { ReadBack } from '../layers/6-process/readBack.ts';
import { filterGauges } from './gaugeFilter.ts';

const NEW_ROOT: ReadonlySet<string> = new Set(['kernel/pivot-root', 'kernel/chroot']);

/** Looks at containers that engines make, as soon as the trace tells that their init exists: nobody else says when. */
export class InitLook {
  readonly #look: ReadBack;
  readonly #add: (record: RawRecord) => void;
  readonly #now: () => number;
  readonly #inits = new Set<number>();
  readonly #entered = new Set<string>();
  readonly #stops: (() => void)[] = [];

  constructor(look: ReadBack, add: (record: RawRecord) => void, now: () => number) {
    this.#look = look;
    this.#add = add;
    this.#now = now;
  }

  /** Whether this process has been looked at. */
  has(pid: number): boolean {
    return this.#inits.has(pid);
  }

  events(events: readonly TraceEvent[]): void {
    for (const { step, type, data, container, actor } of events) {
      if (!container) continue;
      if (step === 'low-level/exec') this.#entered.add(container);
      if (step === 'process/has-process' && data.role === 'init' && data.alive !== false)
        this.#begun(container, Number(data.pid));
      const stands = NEW_ROOT.has(step) && type === 'end' && data.error === undefined;
      if (stands && actor.pid !== undefined && this.has(actor.pid))
        this.#glance('inside', container, actor.pid);
      // Its program is the first that an init executes.
      const becomes = step === 'kernel/execve' && type === 'log';
      if (becomes && actor.pid !== undefined && this.has(actor.pid))
        this.#glance('force', container, actor.pid);
    }
  }

  /** No gauges any more. */
  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** An init exists. Who enters a container finds its files in place; who begins one sees the host’s until pivot_root. */
  #begun(container: string, pid: number): void {
    if (this.has(pid)) return;
    this.#inits.add(pid);
    this.#glance('around', container, pid);
    if (this.#entered.has(container)) this.#glance('inside', container, pid);
    this.#stops.push(this.#look.gauges(container, pid, filterGauges(this.#add), this.#now));
  }

  #glance(part: 'around' | 'inside' | 'force', container: string, pid: number): void {
    void this.#look.glance(part, container, pid, this.#add, this.#now);
  }
}
