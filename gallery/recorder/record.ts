import { type ExecFileException, execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { GalleryEntry } from '../entries.ts';

/** Where commands are typed: `./bin/underdock` lies there, and traces come to lie there. */
export interface TypingPlace {
  folder: string;
  env: NodeJS.ProcessEnv;
  /** A line that takes longer is interrupted as Ctrl-C does it. */
  limitS: number;
}

/** The line that records an entry into `NAME.chain.gz`. */
export function recordingLine({ name, command }: GalleryEntry): string {
  const file = `${name}.chain.gz`;
  const [, run] = /^underdock run (.*)$/s.exec(command) ?? [];
  return run === undefined
    ? `./bin/underdock record --out ${file} -- ${command}`
    : `./bin/underdock run --record ${file} ${run}`;
}

/** Types what an entry says, one line after the other, and gives the text of its trace. Rejects when a line that only prepares fails. */
export async function recorded(
  entry: GalleryEntry,
  place: TypingPlace,
  say: (line: string) => void,
): Promise<string> {
  if (entry.before) await mustType(entry.before, place);
  const line = recordingLine(entry);
  say(`$ ${line}`);
  const { code, output } = await type(line, place);
  say(`  exit code ${code}: ${output.trim().split('\n').slice(-3).join(' | ')}`);
  if (entry.after) await mustType(entry.after, place);
  return gunzipSync(readFileSync(join(place.folder, `${entry.name}.chain.gz`))).toString();
}

async function mustType(line: string, place: TypingPlace): Promise<void> {
  const { code, output } = await type(line, place);
  if (code !== 0) throw new Error(`${line}: exit code ${code}: ${output}`);
}

function type(line: string, place: TypingPlace): Promise<{ code: number; output: string }> {
  const words = ['-s', 'INT', '-k', '30', String(place.limitS), 'sh', '-c', line];
  return new Promise((resolve) => {
    const ended = (error: ExecFileException | null, stdout: string, stderr: string) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr });
    execFile('timeout', words, { cwd: place.folder, env: place.env }, ended);
  });
}
