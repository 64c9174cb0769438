import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Guide, MOST_GUIDE_CHARACTERS, readGuide, TraceError, writeGuide } from '@underdock/trace';
import { traceFile } from '../run/store.ts';
import { LibraryError, writeError } from './error.ts';
import { writeWhole } from './writeWhole.ts';

/** The ending of the file beside a trace that says how somebody tells it. */
export const GUIDE_ENDING = '.guide.json';

/** The guide beside a trace; undefined = there is none. Rejects with LibraryError `guide-unreadable`. */
export async function storedGuide(folder: string, id: string): Promise<Guide | undefined> {
  const file = join(folder, id + GUIDE_ENDING);
  if (!existsSync(file)) return undefined;
  try {
    return readGuide(readFileSync(file, 'utf8'));
  } catch (cause) {
    if (!(cause instanceof TraceError)) throw cause;
    throw new LibraryError('guide-unreadable', `the guide to this trace can’t be read: ${cause.message}`, {
      remedy: `save another one over it, or delete ${id}${GUIDE_ENDING} in the state folder`,
      cause,
    });
  }
}

/** Puts a guide beside a trace, whole or not at all; undefined takes it away. Rejects with LibraryError. */
export async function storeGuide(folder: string, id: string, guide: Guide | undefined): Promise<void> {
  if (!(await traceFile(folder, id)))
    throw new LibraryError('no-such-trace', `there is no trace ${id} in the library`);
  const text = guide && checkedText(id, guide);
  const file = join(folder, id + GUIDE_ENDING);
  const fresh = join(folder, `.${id}.guide.${process.pid}.tmp`);
  if (text !== undefined) return writeWhole(file, text, { fresh, what: 'the guide' });
  try {
    rmSync(file, { force: true });
  } catch (cause) {
    throw writeError('the guide', folder, cause);
  }
}

/** What is written has to be of use to whoever reads it. */
function checkedText(id: string, guide: Guide): string {
  if (guide.trace !== id) {
    throw new LibraryError(
      'guide-to-another',
      `this is a guide to the trace ${guide.trace}, and not to ${id}`,
      {
        remedy: 'open the trace that it was made for, and save it there',
      },
    );
  }
  const text = writeGuide(guide);
  if (text.length <= MOST_GUIDE_CHARACTERS) return text;
  throw new LibraryError('too-large', `the guide has more than ${MOST_GUIDE_CHARACTERS} characters`, {
    remedy: 'say less at some of its steps',
  });
}
