import type { Actor, Evidence, Layer } from '@underdock/trace';

/** One act that is being told: ended exactly once, with what came of it or with what went wrong. */
export interface Telling {
  readonly span: string;
  progress(data: Record<string, unknown>): void;
  end(data?: Record<string, unknown>, evidence?: Evidence[]): void;
  /** Ends with `data.error` (a short code), `message` and `remedy` taken from the error. */
  fail(error: unknown, data?: Record<string, unknown>): void;
}

/** Where and on whose behalf something is told. */
export interface Told {
  layer?: Layer;
  actor?: Actor;
  cause?: string[];
  container?: string;
  evidence?: Evidence[];
  span?: string;
}

/** How a way in says what it does: each call becomes a record of kind `self` and then an event of the run's trace. */
export interface Tell {
  begin(step: string, data: Record<string, unknown>, told?: Told): Telling;
  log(step: string, data: Record<string, unknown>, told?: Told): void;
  fact(step: string, data: Record<string, unknown>, told?: Told): void;
  /** A process that was started for `span`: everything it and its descendants do in the kernel belongs to this run. */
  spawned(pid: number, span: string, layer: Layer, actor: string, container?: string): void;
  /**
   * The command to spawn in place of `argv` so that it is watched (strace in front of it where no probe watches from
   * outside); absent = spawn `argv` itself. The act tells `argv` as it was before.
   */
  wrap?(argv: readonly string[]): string[];
}
