import type { RunSummary, TraceEvent } from '@underdock/trace';
import { type FormEvent, lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { usePage } from '../page.ts';
import { outputsOf, outputText, toBase64 } from './text.ts';

const Console = lazy(() => import('./Console.tsx'));

/** What the container writes, and where one types into it: one line until it is opened. */
export function Output(props: {
  run: RunSummary | undefined;
  /** Somebody else began it. */
  isFound: boolean;
  events: readonly TraceEvent[];
  upTo: number;
  canDrive: boolean;
}) {
  const { run, events, upTo } = props;
  const talks = run?.interactive === true || run?.tty === true;
  const [chosen, setChosen] = useState<boolean>();
  const isOpen = chosen ?? talks;
  const count = events.length;
  const told = useMemo(() => outputsOf(events, count), [events, count]);
  const output = useMemo(() => outputText(told, upTo), [told, upTo]);
  const last = output.text.trimEnd().split('\n').at(-1) ?? '';
  const alive = run?.state === 'running';
  const isOver = run?.state === 'finished' || run?.state === 'failed';
  const nothing = isOver && upTo >= events.length ? 'nothing was written' : 'nothing written yet';
  // What a found container writes goes to whoever has typed the command, and is not listened to.
  if (props.isFound && output.text === '' && output.hiddenBytes === 0) return null;
  return (
    <section className={isOpen ? 'output is-open' : 'output'} aria-label="Output of the container">
      <header>
        <button type="button" className="quiet" aria-expanded={isOpen} onClick={() => setChosen(!isOpen)}>
          {run?.tty ? 'Console' : 'Output'}
        </button>
        {!isOpen && <code className="last-line">{last || (output.hiddenBytes > 0 ? '' : nothing)}</code>}
        {output.hiddenBytes > 0 && (
          <span className="quiet-text">
            {output.hiddenBytes.toLocaleString()} bytes were left out when this was shared
          </span>
        )}
        {output.omittedBytes > 0 && (
          <span className="quiet-text">{output.omittedBytes.toLocaleString()} bytes were not kept</span>
        )}
      </header>
      {isOpen && run?.tty && (
        <Suspense fallback={<p className="quiet-text">Loading the terminal …</p>}>
          <Console key={run.id} run={run.id} events={events} upTo={upTo} open={alive && props.canDrive} />
        </Suspense>
      )}
      {isOpen && !run?.tty && <PlainOutput text={output.text || nothing} />}
      {isOpen && run && !run.tty && run.interactive && props.canDrive && (
        <InputLine run={run.id} alive={alive} />
      )}
    </section>
  );
}

function PlainOutput({ text }: { text: string }) {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (end.current && text !== '') end.current.scrollTop = end.current.scrollHeight;
  }, [text]);
  return (
    // A box that scrolls has to be reachable by keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <div ref={end} role="log" aria-label="Output" tabIndex={0} className="plain-output">
      <pre>{text}</pre>
    </div>
  );
}

function InputLine({ run, alive }: { run: string; alive: boolean }) {
  const { link } = usePage();
  const [line, setLine] = useState('');
  const [ended, setEnded] = useState(false);
  const [problem, setProblem] = useState<string>();
  const send = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(await link.input(run, toBase64(`${line}\n`)));
    setLine('');
  };
  const end = async () => {
    setProblem(await link.endInput(run));
    setEnded(true);
  };
  return (
    <form className="input-line" onSubmit={send}>
      <label>
        <span>Input</span>
        <input
          value={line}
          onChange={(event) => setLine(event.target.value)}
          disabled={!alive || ended}
          placeholder={alive ? 'a line for the container' : 'the container does not run'}
          autoComplete="off"
          spellCheck={false}
        />
      </label>
      <button type="submit" disabled={!alive || ended}>
        Send the line
      </button>
      <button type="button" className="quiet" onClick={end} disabled={!alive || ended}>
        End the input
      </button>
      {problem && <p role="alert">{problem}</p>}
    </form>
  );
}
