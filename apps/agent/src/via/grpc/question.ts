import type { Telling } from '../../run/tell.ts';
import type { Calling } from './call.ts';
import type { Daemon } from './daemon.ts';
import { GrpcRefusal, meaningOf } from './failure.ts';

/** What is told of one call, from its beginning to its answer. */
export class Question {
  readonly #daemon: Daemon;
  readonly #method: string;
  readonly #calling: Calling;
  readonly #telling: Telling;
  readonly #act: Telling | undefined;
  #over = false;
  #meant: unknown;

  constructor(daemon: Daemon, method: string, calling: Calling) {
    this.#daemon = daemon;
    this.#method = method;
    this.#calling = calling;
    const { tell, cause, container, request, equivalent, asker, act } = calling;
    const about = { cause, ...(container ? { container } : {}) };
    const sent = { protocol: 'grpc', method };
    const evidence = [{ source: 'grpc' as const, raw: { ...sent, ...(request ? { request } : {}) } }];
    const told = { ...(request ? { request } : {}), ...(equivalent ? { equivalent } : {}) };
    const { step = 'client/request', ...who } = asker ?? {};
    this.#telling = tell.begin(step, { ...sent, ...told }, { ...about, ...who, evidence });
    this.#act =
      act &&
      tell.begin(
        act.step,
        { ...act.data, ...(equivalent ? { equivalent } : {}) },
        { ...about, cause: [this.#telling.span, ...cause], actor: daemon.actor, evidence },
      );
  }

  /** Calls `cancel` when the call's signal is aborted, until what is returned is called. */
  cancels(cancel: () => void): () => void {
    const { signal } = this.#calling;
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted) cancel();
    return () => signal?.removeEventListener('abort', cancel);
  }

  answered(answer: unknown, more: Record<string, unknown> = {}): void {
    if (this.#over) return;
    this.#over = true;
    const evidence = [{ source: 'grpc' as const, raw: { method: this.#method, code: 'OK', ...more } }];
    this.#act?.end({ ...this.#calling.act?.ended?.(answer as never), ...more }, evidence);
    this.#telling.end({ code: 'OK', ...more }, evidence);
  }

  /** Tells the failure, once, and gives what it means. */
  failed(error: unknown): unknown {
    if (this.#over) return this.#meant ?? error;
    this.#over = true;
    const { signal, fine } = this.#calling;
    const meant = signal?.aborted ? signal.reason : meaningOf(this.#daemon, this.#method, error);
    this.#meant = meant;
    const code = meant instanceof GrpcRefusal ? { code: meant.status } : {};
    const isFine = meant instanceof GrpcRefusal && fine?.includes(meant.status);
    if (isFine) {
      const evidence = [{ source: 'grpc' as const, raw: { method: this.#method, ...code } }];
      this.#act?.end({}, evidence);
      this.#telling.end(code, evidence);
    } else {
      this.#act?.fail(meant);
      this.#telling.fail(meant, code);
    }
    return meant;
  }
}
