import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GalleryEntry, gallerySchema } from '@underdock/trace';
import { AgentError } from '../../error.ts';
import { GALLERY_FOLDER } from '../about.ts';
import { chosenTrace } from '../chosenTrace.ts';
import type { Outside } from '../program.ts';
import { type ReadTrace, readTrace, readTraceFrom } from '../readTrace.ts';
import { stateFolder } from '../stateFolder.ts';

/** More than this is no trace that somebody would play from an address: bytes as they are transferred. */
const MOST_BYTES = 256 * 2 ** 20;

/** The trace that the words of `underdock play` mean: `gallery NAME`, an address, a file, `-`, or the id of a run. Throws AgentError. */
export async function openPlayed(
  words: readonly string[],
  state: string | undefined,
  { env, uid }: Pick<Outside, 'env' | 'uid'>,
): Promise<ReadTrace> {
  const [first = '', name] = words;
  if (first === 'gallery' && name !== undefined) return readTrace(galleryFile(name));
  if (name !== undefined) {
    throw new AgentError('too-many', `${words.join(' ')}: one trace can be played at a time`, {
      remedy: 'give one file, one address, or gallery NAME',
      exitCode: 1,
    });
  }
  if (/^https?:\/\//.test(first)) return readTraceFrom(download(first), first);
  return readTrace(await chosenTrace(first, stateFolder({ flag: state, env, uid })));
}

/** The gallery’s traces, a line each: name and title. */
export function galleryNames(): string[] {
  const entries = galleryEntries();
  const width = Math.max(0, ...entries.map(({ name }) => name.length));
  return entries.map(({ name, title }) => `${name.padEnd(width)}  ${title}`);
}

function galleryFile(name: string): string {
  const known = galleryEntries().map((entry) => entry.name);
  // Only what the list names: a name is no path.
  if (known.includes(name)) return join(GALLERY_FOLDER, `${name}.chain.gz`);
  throw new AgentError('no-trace', `the gallery has no ${name}`, {
    remedy: `there are: ${known.join(', ')}`,
    exitCode: 1,
  });
}

function galleryEntries(): GalleryEntry[] {
  return gallerySchema.parse(JSON.parse(readFileSync(join(GALLERY_FOLDER, 'index.json'), 'utf8'))).entries;
}

async function* download(address: string): AsyncGenerator<Buffer> {
  const answer = await fetch(address, { redirect: 'follow', credentials: 'omit' }).catch((cause: unknown) => {
    throw unreachable(`${address} can’t be had`, cause);
  });
  if (!answer.ok || !answer.body) throw unreachable(`${address}: its server answers ${answer.status}`);
  let bytes = 0;
  for await (const chunk of answer.body) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw unreachable(`${address} holds more than ${MOST_BYTES / 2 ** 20} MiB`);
    yield Buffer.from(chunk);
  }
}

function unreachable(message: string, cause?: unknown): AgentError {
  return new AgentError('no-trace', message, {
    remedy: 'see whether the address is right, or download the file and play that',
    exitCode: 1,
    cause,
  });
}
