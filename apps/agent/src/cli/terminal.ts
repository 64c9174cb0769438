import type { ReadStream, WriteStream } from 'node:tty';
import type { CommandedRun } from './commandedRun.ts';

/** The standard streams of a command line. */
export interface Streams {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
}

/** Passes standard input on, no faster than it is taken. Returns how to stop. */
export function forwardInput(stdin: Streams['stdin'], run: CommandedRun): () => void {
  // Streams may say that they have ended while their last bytes are still on their way.
  let passed = Promise.resolve();
  const take = (bytes: Buffer) => {
    stdin.pause();
    passed = passed.then(() => run.input(bytes)).then(() => void stdin.resume(), stop);
  };
  const end = () => void passed.then(() => run.endInput());
  const stop = () => {
    stdin.off('data', take);
    stdin.off('end', end);
    stdin.off('error', end);
    stdin.pause();
  };
  stdin.on('data', take);
  stdin.on('end', end);
  stdin.on('error', end);
  return stop;
}

/**
 * Gives the terminal to the container: raw keys in, its size kept the same. Returns how to give it back; it is also given
 * back when this process exits for whatever reason.
 */
export function lendTerminal({ stdin, stdout }: Streams, run: CommandedRun): () => void {
  const keys = stdin as ReadStream;
  const screen = stdout as WriteStream;
  const resize = () => run.resize(screen.columns, screen.rows);
  const raw = keys.isTTY === true;
  const restore = () => {
    if (raw) keys.setRawMode(false);
    if (screen.isTTY) screen.off('resize', resize);
    process.off('exit', restore);
  };
  if (raw) keys.setRawMode(true);
  if (screen.isTTY) {
    resize();
    screen.on('resize', resize);
  }
  process.on('exit', restore);
  return restore;
}

/** The next line, or the end of input: what ends `--hold`. Returns how to stop waiting. */
export function onEnter(stdin: Streams['stdin'], act: () => void): () => void {
  const take = (bytes: Buffer) => {
    if (bytes.includes(10) || bytes.includes(13)) done();
  };
  const stop = () => {
    stdin.off('data', take);
    stdin.off('end', done);
    stdin.pause();
  };
  const done = () => {
    stop();
    act();
  };
  stdin.on('data', take);
  stdin.on('end', done);
  return stop;
}

/** The first signal stops the run as its engine does, a second one kills it. Returns how to stop listening. */
export function stopOnSignals(run: CommandedRun, say: (line: string) => void): () => void {
  let asked = 0;
  const act = () => {
    asked++;
    if (asked === 1) say('stopping it (once more: kill it)');
    const options = asked === 1 ? {} : { signal: 'SIGKILL', graceMs: 0 };
    run.stop(options).catch((error) => say(`it can't be stopped: ${(error as Error).message}`));
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, act);
  return () => {
    for (const signal of signals) process.off(signal, act);
  };
}
