import { verifyTrace } from '@underdock/trace';
import type { ReadEnd } from '../traceText.ts';
import { readTraceText } from './traceFile.ts';
import { tame } from './words.ts';

/**
 * `underdock verify FILE`: a line per fault and a last line with the verdict, through `print`. Returns the exit code: 0 whole,
 * 3 cut off but readable up to there, 1 broken. Throws AgentError `no-file`.
 */
export async function verify(file: string, print: (line: string) => void): Promise<number> {
  const end: ReadEnd = { cut: false };
  const verdict = await verifyTrace(readTraceText(file, end));
  const faults = verdict.faults.map((fault) => fault.message);
  if (end.fault) faults.push(end.fault);
  for (const fault of faults) print(`${file}: ${tame(fault)}`);
  const state = end.fault ? 'broken' : end.cut && verdict.state === 'whole' ? 'cut' : verdict.state;
  const after = `after ${verdict.events} events`;
  if (state === 'whole') print(`${file}: whole, ${verdict.events} events`);
  else if (state === 'cut') print(`${file}: cut off ${after}, readable up to there`);
  else print(`${file}: broken, ${faults.length} faults, ${verdict.events} events read`);
  return { whole: 0, cut: 3, broken: 1 }[state];
}
