import type { CallRecord, SelfRecord } from '../record.ts';
import type { OpenCalls } from './openCalls.ts';

/**
 * gRPC calls that underdock itself makes, among those that are under way: what a daemon asks a shim meanwhile about the
 * same container lies inside of them, as it lies inside those of an engine that a probe sees.
 */
export class OwnCalls {
  readonly #calls: OpenCalls;
  /** By the span of the request. */
  readonly #open = new Map<string, { enter: CallRecord; container: string }>();

  constructor(calls: OpenCalls) {
    this.#calls = calls;
  }

  /** Takes what underdock tells of itself: a request, its end, and the act of the daemon's that answers it. */
  sent(record: SelfRecord): void {
    const { step, type, span, data, container, cause = [] } = record;
    if (span === undefined) return;
    if (step !== 'client/request') {
      const around = type === 'begin' ? this.#open.get(cause[0] ?? '') : undefined;
      if (around) this.#begin(around, span);
      return;
    }
    if (type === 'end') this.#end(span);
    if (type !== 'begin' || data.protocol !== 'grpc' || container === undefined) return;
    const call = { enter: enterOf(record, span), container };
    this.#open.set(span, call);
    this.#begin(call, span);
  }

  /** `span`: what is blamed for all that comes of it. */
  #begin({ enter, container }: { enter: CallRecord; container: string }, span: string): void {
    this.#calls.begin({ enter, said: { request: {}, container }, run: span });
  }

  #end(span: string): void {
    const call = this.#open.get(span);
    if (!call) return;
    this.#open.delete(span);
    this.#calls.end(call.enter);
  }
}

/** As a probe would have told it; a span stands for the goroutine. */
function enterOf({ at, data, actor }: SelfRecord, span: string): CallRecord {
  const pid = actor.pid ?? 0;
  return {
    ...{ kind: 'call', at, source: 'uprobe', phase: 'enter', protocol: 'grpc', side: 'client' },
    ...{ pid, tid: pid, comm: actor.name, routine: span, method: String(data.method) },
  };
}
