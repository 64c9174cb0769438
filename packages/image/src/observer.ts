/** The acts of a pull and an unpack, named as the steps of the high-level layer. */
export type ImageStep =
  | 'resolve-image'
  | 'fetch-manifest'
  | 'fetch-config'
  | 'fetch-layer'
  | 'verify-layer'
  | 'unpack-layer'
  | 'http-request';

/** One act that is going on; ended exactly once, by `end` or by `fail`. */
export interface ImageAct {
  progress(data: Record<string, unknown>): void;
  end(data?: Record<string, unknown>): void;
  fail(error: unknown, data?: Record<string, unknown>): void;
}

/** Told what a pull and an unpack do, as it happens. `parent` is an act that this observer returned earlier. */
export interface ImageObserver {
  begin(step: ImageStep, data: Record<string, unknown>, parent?: ImageAct): ImageAct;
  /** A layer that is now here and verified. */
  fact(step: 'has-layer', data: Record<string, unknown>, parent?: ImageAct): void;
}

/** Listens to nothing. */
export const SILENT: ImageObserver = {
  begin: () => ({ progress() {}, end() {}, fail() {} }),
  fact() {},
};

/** Runs one act: ends it with `result(value)`, or with the error, which is thrown on. */
export async function observed<T>(
  observer: ImageObserver,
  step: ImageStep,
  data: Record<string, unknown>,
  parent: ImageAct | undefined,
  run: (act: ImageAct) => Promise<{ value: T; data?: Record<string, unknown> }>,
): Promise<T> {
  const act = observer.begin(step, data, parent);
  try {
    const result = await run(act);
    act.end(result.data);
    return result.value;
  } catch (error) {
    act.fail(error);
    throw error;
  }
}

/** Calls `report` at most once in `everyMs`, so that progress doesn't drown the listener. */
export function atMostEvery(everyMs: number, report: () => void, now: () => number = Date.now): () => void {
  let last = now();
  return () => {
    const at = now();
    if (at - last < everyMs) return;
    last = at;
    report();
  };
}
