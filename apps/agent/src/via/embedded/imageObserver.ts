import type { ImageAct, ImageObserver } from '@underdock/image';
import type { Tell, Telling } from '../../run/tell.ts';

/** Turns what a pull reports into acts of the high-level layer, caused by `cause`. */
export function observeImage(
  tell: Tell,
  cause: string,
  container: string,
): { observer: ImageObserver; parent: ImageAct; spanOf: (act: ImageAct) => string } {
  const spans = new WeakMap<ImageAct, string>();
  const causeOf = (parent: ImageAct | undefined) => (parent && spans.get(parent)) || cause;
  const parent: ImageAct = { progress() {}, end() {}, fail() {} };
  spans.set(parent, cause);
  const observer: ImageObserver = {
    begin(step, data, above) {
      const telling: Telling = tell.begin(`high-level/${step}`, data, { cause: [causeOf(above)], container });
      const act: ImageAct = {
        progress: (progress) => telling.progress(progress),
        end: (end) => telling.end(end),
        fail: (error, fail) => telling.fail(error, fail),
      };
      spans.set(act, telling.span);
      return act;
    },
    fact: (step, data, above) =>
      tell.fact(`high-level/${step}`, data, { cause: [causeOf(above)], container }),
  };
  return { observer, parent, spanOf: causeOf };
}
