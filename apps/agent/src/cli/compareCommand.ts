import { type Comparison, compareTraces } from '@underdock/chain';
import { AgentError } from '../error.ts';
import { chosenTrace } from './chosenTrace.ts';
import { comparisonLines } from './compareLines.ts';
import { mayColourOutput, type Outside } from './program.ts';
import { type ReadTrace, readTrace } from './readTrace.ts';
import { stateFolder } from './stateFolder.ts';
import { tame } from './words.ts';

/** What a command line may ask for beside the traces. */
export interface CompareFlags {
  json?: boolean;
  all?: boolean;
  state?: string;
}

/** What `--json` prints, as one object. */
export interface ComparisonJson extends Comparison {
  traces: { letter: string; from: string; cut: boolean; faults: string[] }[];
}

const MOST = 4;

/**
 * `underdock compare A B [C D]`: traces side by side, on standard output. Returns the exit code: 0 compared, 3 when a trace is cut off
 * or has lines that are no events. Throws AgentError `bad-count`, `no-trace`, `which-trace`, and TraceError where a file is no trace.
 */
export async function compareAct(
  words: readonly string[],
  flags: CompareFlags,
  outside: Outside,
): Promise<number> {
  if (words.length < 2 || words.length > MOST) {
    throw new AgentError('bad-count', `compare takes two to four traces, not ${words.length}`, {
      remedy: 'name .chain files or ids of runs: underdock compare A B',
      exitCode: 1,
    });
  }
  const { env, uid, streams } = outside;
  const stateDir = stateFolder({ flag: flags.state, env, uid });
  const traces = await readAll(words, stateDir);
  const comparison = compareTraces(traces);
  const notes = notesOf(words, traces);
  const lines = flags.json
    ? [JSON.stringify({ ...comparison, traces: originsOf(words, traces) } satisfies ComparisonJson)]
    : comparisonLines(comparison, {
        width: widthOf(streams.stdout),
        colour: mayColourOutput(outside),
        all: flags.all === true,
        notes,
      });
  for (const line of lines) streams.stdout.write(`${line}\n`);
  return traces.some(({ cut, faults }) => cut || faults.length > 0) ? 3 : 0;
}

async function readAll(words: readonly string[], stateDir: string): Promise<ReadTrace[]> {
  const files = await Promise.all(words.map((word) => chosenTrace(word, stateDir)));
  const read = new Map<string, Promise<ReadTrace>>();
  // Standard input can be read only once; whoever names it twice compares it with itself.
  for (const file of files) if (!read.has(file)) read.set(file, readTrace(file));
  return Promise.all(files.map((file) => read.get(file)!));
}

function originsOf(words: readonly string[], traces: readonly ReadTrace[]): ComparisonJson['traces'] {
  return traces.map(({ cut, faults }, index) => ({
    letter: 'ABCD'[index]!,
    from: words[index]!,
    cut,
    faults,
  }));
}

function notesOf(words: readonly string[], traces: readonly ReadTrace[]): string[] {
  return traces.flatMap(({ cut, faults }, index) => {
    const letter = 'ABCD'[index]!;
    return [
      ...(cut ? [`${letter}: ${words[index]} is cut off: compared as far as it goes`] : []),
      ...faults.slice(0, 3).map((fault) => `${letter}: passed over: ${tame(fault)}`),
      ...(faults.length > 3 ? [`${letter}: ${faults.length - 3} more lines were passed over`] : []),
    ];
  });
}

function widthOf(stdout: Outside['streams']['stdout']): number {
  return Math.min(160, Math.max(60, stdout.columns ?? 80));
}
