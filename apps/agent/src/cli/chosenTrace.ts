import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AgentError } from '../error.ts';
import { traceFile, traceFolder } from '../run/store.ts';

/** Fewer letters of an id than this may stand for many runs. */
const SHORTEST_ID = 4;

/**
 * The file that a word on the command line means: a file itself, `-`, or the id of a run (or how it begins) whose trace
 * lies in the state folder, where a running agent writes it. Throws AgentError `no-trace`, `which-trace`.
 */
export async function chosenTrace(word: string, stateDir: string): Promise<string> {
  if (word === '-' || isThere(word)) return word;
  const folders = tracesIn(stateDir);
  for (const folder of folders) {
    const file = await traceFile(folder, word);
    if (file) return file;
  }
  const alike = word.length >= SHORTEST_ID ? folders.flatMap((folder) => beginningWith(folder, word)) : [];
  if (alike.length === 1) return alike[0]!;
  if (alike.length > 1) {
    throw new AgentError('which-trace', `${word}: ${alike.length} runs have an id that begins so`, {
      remedy: 'write more of the id',
      exitCode: 1,
    });
  }
  throw new AgentError('no-trace', `${word}: there is no such file, and no run with this id in ${stateDir}`, {
    remedy: 'give a .chain file, or the id of a run of this state folder (--state DIR names another one)',
    exitCode: 1,
  });
}

function isThere(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** Runs of command lines that found the state folder in use lie beside. */
function tracesIn(stateDir: string): string[] {
  const beside = join(stateDir, 'beside');
  return [stateDir, ...namesIn(beside).map((name) => join(beside, name))].map(traceFolder);
}

function beginningWith(folder: string, word: string): string[] {
  const names = namesIn(folder).filter((name) => name.startsWith(word) && name.endsWith('.chain'));
  return names.map((name) => join(folder, name));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
