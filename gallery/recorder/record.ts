import { type ExecFileException, execFile, execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { GalleryEntry } from '../entries.ts';
import { ENV } from './daemons.ts';
import { HOME } from './place.ts';

/** Whether an entry’s command is `underdock run`, which writes its own trace. */
export const recordsItself = ({ command }: GalleryEntry): boolean => command.includes(' --record ');

/** Types what an entry says, one line after the other. Rejects when a line that only prepares fails. */
export async function typeEntry(entry: GalleryEntry, say: (line: string) => void): Promise<void> {
  if (entry.before) await mustType(entry.before);
  say(`$ ${entry.command}`);
  const { code, output } = await type(entry.command);
  say(`  exit code ${code}${output ? `: ${output.trim().split('\n').slice(-3).join(' | ')}` : ''}`);
  if (entry.after) await mustType(entry.after);
}

async function mustType(line: string): Promise<void> {
  const { code, output } = await type(line);
  if (code !== 0) throw new Error(`${line}: exit code ${code}: ${output}`);
}

function type(line: string): Promise<{ code: number; output: string }> {
  const options = { cwd: HOME, env: ENV, timeout: 300_000 };
  return new Promise((resolve) => {
    execFile('sh', ['-c', line], options, (error: ExecFileException | null, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
    );
  });
}

/** The text of the trace that an entry’s command has written, or that was found of it in `found`. Throws when there is none. */
export function traceText(entry: GalleryEntry, found: string): string {
  if (recordsItself(entry)) return gunzipSync(readFileSync(join(HOME, `${entry.name}.chain.gz`))).toString();
  const words = JSON.stringify(wordsOf(entry.command));
  const texts = readdirSync(found).map((name) => readFileSync(join(found, name), 'utf8'));
  const text = texts.find((one) => JSON.stringify(JSON.parse(one.split('\n', 1)[0]!).command) === words);
  if (text === undefined) throw new Error(`no run was found of: ${entry.command}`);
  return text;
}

/** The words of a command line as a shell reads them. */
function wordsOf(line: string): string[] {
  return execFileSync('sh', ['-c', `printf '%s\\0' ${line}`])
    .toString()
    .split('\0')
    .slice(0, -1);
}
