import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { verifyTrace } from '@underdock/trace';
import type { GalleryEntry } from '../entries.ts';

/** Writes a trace into the gallery as `NAME.chain.gz`. Rejects when it is not whole: then it has to be recorded again. */
export async function keep({ name }: GalleryEntry, text: string, folder: string): Promise<void> {
  const { state, faults } = await verifyTrace([text]);
  const words = faults.map(({ message }) => message).slice(0, 3);
  if (state !== 'whole') throw new Error(`${name}: the trace is ${state}: ${words.join('; ')}`);
  if (text.includes('"trace/lost-records"')) throw new Error(`${name}: records were lost: record it again`);
  const bytes = gzipSync(text, { level: 9 });
  writeFileSync(join(folder, `${name}.chain.gz`), bytes);
  console.log(`  ${name}: ${text.split('\n').length - 2} events, ${Math.ceil(bytes.length / 1000)} kB`);
}
