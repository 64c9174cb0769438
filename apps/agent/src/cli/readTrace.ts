import { type CollectedTrace, collectTrace } from '@underdock/trace';
import type { ReadEnd } from '../traceText.ts';
import { readTraceText } from './traceFile.ts';

/** A trace as far as its file goes; `faults` are lines that are no events and were passed over, and what else is wrong. */
export type ReadTrace = CollectedTrace;

/** Reads a whole trace file, `-` for standard input. Throws AgentError `no-file`, and TraceError where there is no trace. */
export async function readTrace(file: string): Promise<ReadTrace> {
  const end: ReadEnd = { cut: false };
  const trace = await collectTrace(readTraceText(file, end));
  const faults = end.fault ? [...trace.faults, end.fault] : trace.faults;
  return { ...trace, faults, cut: trace.cut || end.cut };
}
