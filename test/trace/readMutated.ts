import { type CollectedTrace, collectTrace, encodeLine, TraceError, verifyTrace } from '@underdock/trace';
import { mutate, pieces, randomFrom } from './mutations.ts';

/** Longer (ms) than reading any small file may take, on a machine that has other things to do. */
const MOST_MS = 5000;

/**
 * Reads `count` mutations of a trace, one for each seed from `first` on, and holds each against what a reader promises: a
 * TraceError or a trace, every event once, nothing that can’t be written and read again, a verdict. Throws with the seed, and
 * how to read that mutation alone.
 */
export async function readMutated(text: string, first: number, count: number): Promise<void> {
  for (let seed = first; seed < first + count; seed++) {
    const began = performance.now();
    try {
      await readOne(text, seed);
      const took = performance.now() - began;
      if (took > MOST_MS) throw new Error(`it took ${took.toFixed(0)} ms`);
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`seed ${seed}: ${message} (UNDERDOCK_FUZZ_SEED=${seed} reads it again)`, { cause });
    }
  }
}

async function readOne(text: string, seed: number): Promise<void> {
  const random = randomFrom(seed);
  const mutated = mutate(text, random);
  const trace = await collectTrace(pieces(mutated, random)).catch((error: unknown) => {
    if (error instanceof TraceError) return undefined;
    throw error;
  });
  const verdict = await verifyTrace([mutated]);
  if (verdict.state === 'broken' && verdict.faults.length === 0)
    throw new Error('broken, and nobody says why');
  if (verdict.state === 'whole' && verdict.faults.length > 0) throw new Error('whole, with faults');
  if (!trace && verdict.state !== 'broken') throw new Error(`not readable, and yet ${verdict.state}`);
  if (trace) await holdsTogether(trace);
  if (({} as Record<string, unknown>).x !== undefined)
    throw new Error('the nature of all objects was changed');
}

async function holdsTogether(trace: CollectedTrace): Promise<void> {
  if (new Set(trace.events.map(({ seq }) => seq)).size !== trace.events.length)
    throw new Error('an event was taken twice');
  const again = await collectTrace([trace.header, ...trace.events].map(encodeLine));
  if (again.faults.length > 0) throw new Error(`what was read can’t be read again: ${again.faults[0]}`);
  if (JSON.stringify(again.events) !== JSON.stringify(trace.events))
    throw new Error('what is read again is something else');
}
