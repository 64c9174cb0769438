import { useEffect, useState } from 'react';
import { SourceError } from '../../source/error.ts';

/** An answer that is waited for; what was answered before stays until a newer answer is there. */
export interface Answer<T> {
  value?: T | undefined;
  problem?: SourceError | undefined;
  asking: boolean;
}

interface Heard<T> {
  about: string;
  round: number;
  value?: T;
  problem?: SourceError;
}

/** Asks once for each thing (`about`), and again with each `round`; nothing is asked where `ask` is undefined. */
export function useAnswer<T>(ask: (() => Promise<T>) | undefined, about: string, round: number): Answer<T> {
  const [heard, setHeard] = useState<Heard<T>>();
  const idle = ask === undefined;
  useEffect(() => {
    if (!ask) return;
    let over = false;
    const hear = (what: { value?: T; problem?: SourceError }) => {
      if (!over) setHeard({ about, round, ...what });
    };
    ask().then(
      (value) => hear({ value }),
      (error: unknown) => hear({ problem: asProblem(error) }),
    );
    return () => {
      over = true;
    };
  }, [about, round, idle]);
  const known = heard?.about === about ? heard : undefined;
  return { value: known?.value, problem: known?.problem, asking: !idle && known?.round !== round };
}

function asProblem(error: unknown): SourceError {
  return error instanceof SourceError ? error : new SourceError('problem', String(error));
}
