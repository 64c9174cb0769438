import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import type { TraceEvent } from '@underdock/trace';
import { useEffect, useRef } from 'react';
import { usePage } from '../page.ts';
import { outputBytes, toBase64 } from './text.ts';

/** A terminal on the container's pseudo-terminal: shows what came, sends what is typed and its size. */
export default function Console(props: {
  run: string;
  events: readonly TraceEvent[];
  /** How many of the events count. */
  upTo: number;
  /** Whether typing goes anywhere. */
  open: boolean;
}) {
  const { run, events, upTo, open } = props;
  const { link } = usePage();
  const place = useRef<HTMLDivElement>(null);
  const terminal = useRef<Terminal>(undefined);
  const written = useRef({ upTo: 0, lastSeq: 0 });

  useEffect(() => {
    const made = openTerminal(place.current!);
    terminal.current = made.terminal;
    written.current = { upTo: 0, lastSeq: 0 };
    const size = made.terminal.onResize(({ cols, rows }) => void link.resize(run, cols, rows));
    const typed = made.terminal.onData((data) => void link.input(run, toBase64(data)));
    void link.resize(run, made.terminal.cols, made.terminal.rows);
    return () => {
      size.dispose();
      typed.dispose();
      made.close();
    };
  }, [run, link]);

  useEffect(() => {
    const shown = terminal.current!;
    const before = written.current;
    // Stepping back, or a late event before what is shown: the screen is written anew.
    const anew = upTo < before.upTo || (events[before.upTo - 1]?.seq ?? 0) !== before.lastSeq;
    if (anew) shown.reset();
    for (let i = anew ? 0 : before.upTo; i < upTo; i++) {
      const bytes = outputBytes(events[i]!);
      if (bytes) shown.write(bytes);
    }
    written.current = { upTo, lastSeq: events[upTo - 1]?.seq ?? 0 };
  }, [events, upTo]);

  useEffect(() => {
    if (terminal.current) terminal.current.options.disableStdin = !open;
  }, [open]);

  return <div className="console" ref={place} data-open={open} />;
}

function openTerminal(place: HTMLElement): { terminal: Terminal; close: () => void } {
  const style = getComputedStyle(place);
  const terminal = new Terminal({
    fontFamily: style.getPropertyValue('--font-mono'),
    fontSize: 14,
    screenReaderMode: true,
    theme: {
      background: style.getPropertyValue('--console-back').trim() || '#0b1117',
      foreground: style.getPropertyValue('--console-text').trim() || '#e8eef2',
    },
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(place);
  fit.fit();
  // Tab leaves the terminal with Shift held down: nobody is caught in it (WCAG 2.1.2).
  terminal.attachCustomKeyEventHandler((event) => !(event.key === 'Tab' && event.shiftKey));
  const observer = new ResizeObserver(() => fit.fit());
  observer.observe(place);
  return {
    terminal,
    close() {
      observer.disconnect();
      terminal.dispose();
    },
  };
}
