import type { ToldStep } from '@underdock/chain';

/**
 * A step as it is known at an instant of the trace (ms): what came back later, how long it took and what came to be by
 * it later is not told yet.
 */
export function asOf(step: ToldStep, at: number): ToldStep {
  const ended = step.end !== undefined && step.end.at <= at;
  const facts = step.facts.every((fact) => fact.at <= at)
    ? step.facts
    : step.facts.filter((fact) => fact.at <= at);
  // A moment that failed has no end of its own: its failure is its own.
  // An answer that lies ahead is nothing but its end.
  if (ended || step.end === undefined || step.part === 'answers')
    return facts === step.facts ? step : { ...step, facts };
  return { ...step, facts, end: undefined, failure: undefined, durationMs: undefined };
}
