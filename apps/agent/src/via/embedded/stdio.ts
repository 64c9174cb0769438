import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { ReadStream } from 'node:tty';
import { makePipe, setTerminalSize } from '../../kernelCalls.ts';
import type { Stdio } from './lowLevel/runtime.ts';

/** Called with the container's output, as it comes. */
export type OutputSink = (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void;

/** underdock's side of a container's streams. */
export interface Attached {
  /** What the low-level runtime is given. */
  stdio: Stdio;
  /** The container has its own copies: ours of its ends are closed, so that their end can be seen. */
  handedOver(): void;
  /** Takes the terminal's master, for a container with a terminal. */
  terminal(master: number): void;
  input(bytes: Uint8Array): void;
  endInput(): void;
  resize(cols: number, rows: number): void;
  /** Resolves when the output has ended, or after `graceMs` when something still holds it open. */
  drained(graceMs: number): Promise<void>;
  close(): void;
}

/** Output that is not fetched in time by a slow reader waits here at most so long before the container is held up. */
const END_OF_TRANSMISSION = Buffer.from([4]);

/**
 * Pipes (not sockets, so that `echo >/dev/stdout` works in the container) for the three streams. Without `interactive`
 * stdin is /dev/null. With `tty` the pipes carry only what the runtime itself says; the container's streams come by
 * `terminal`.
 */
export function attach(options: { interactive: boolean; tty: boolean }, sink: OutputSink): Attached {
  return options.tty ? new TerminalStreams(sink) : new PipedStreams(options.interactive, sink);
}

class PipedStreams implements Attached {
  readonly stdio: Stdio;
  #theirs: number[];
  #input: Socket | undefined;
  #readers: Socket[];
  #ended: Promise<unknown>;

  constructor(interactive: boolean, sink: OutputSink) {
    const out = makePipe();
    const err = makePipe();
    const stdin = interactive ? this.#openInput() : openSync('/dev/null', 'r');
    this.stdio = { stdin, stdout: out.write, stderr: err.write };
    this.#theirs = [stdin, out.write, err.write];
    this.#readers = [readEnd(out.read, 'stdout', sink), readEnd(err.read, 'stderr', sink)];
    this.#ended = Promise.all(this.#readers.map(ended));
  }

  #openInput(): number {
    const pipe = makePipe();
    this.#input = new Socket({ fd: pipe.write, readable: false, writable: true });
    // EPIPE: the container has closed its stdin or is gone; what is typed then goes nowhere, as in a shell.
    this.#input.on('error', () => this.#input?.destroy());
    return pipe.read;
  }

  handedOver(): void {
    for (const fd of this.#theirs.splice(0)) closeSync(fd);
  }

  terminal(): void {
    throw new Error('this container has no terminal');
  }

  input(bytes: Uint8Array): void {
    if (this.#input?.writable) this.#input.write(bytes);
  }

  endInput(): void {
    this.#input?.end();
  }

  resize(): void {
    // Without a terminal there is nothing that has a size.
  }

  drained(graceMs: number): Promise<void> {
    return within(this.#ended, graceMs);
  }

  close(): void {
    this.handedOver();
    this.#input?.destroy();
    for (const reader of this.#readers) reader.destroy();
  }
}

class TerminalStreams implements Attached {
  readonly stdio: Stdio;
  #null = openSync('/dev/null', 'r+');
  #sink: OutputSink;
  #master: ReadStream | undefined;
  #fd = -1;
  #size: { cols: number; rows: number } | undefined;
  #early: Uint8Array[] = [];
  #ended: Promise<unknown> = Promise.resolve();

  constructor(sink: OutputSink) {
    this.#sink = sink;
    this.stdio = { stdin: this.#null, stdout: this.#null, stderr: this.#null };
  }

  handedOver(): void {
    if (this.#null >= 0) closeSync(this.#null);
    this.#null = -1;
  }

  terminal(master: number): void {
    this.#fd = master;
    this.#master = new ReadStream(master);
    this.#master.on('data', (bytes: Buffer) => this.#sink('stdout', bytes));
    this.#ended = ended(this.#master);
    if (this.#size) this.resize(this.#size.cols, this.#size.rows);
    for (const bytes of this.#early.splice(0)) this.input(bytes);
  }

  input(bytes: Uint8Array): void {
    if (!this.#master) this.#early.push(bytes);
    else if (!this.#master.destroyed) this.#master.write(bytes);
  }

  endInput(): void {
    this.input(END_OF_TRANSMISSION);
  }

  resize(cols: number, rows: number): void {
    this.#size = { cols, rows };
    if (this.#master && !this.#master.destroyed) setTerminalSize(this.#fd, cols, rows);
  }

  drained(graceMs: number): Promise<void> {
    return within(this.#ended, graceMs);
  }

  close(): void {
    this.handedOver();
    this.#master?.destroy();
  }
}

function readEnd(fd: number, stream: 'stdout' | 'stderr', sink: OutputSink): Socket {
  const socket = new Socket({ fd, readable: true, writable: false });
  socket.on('data', (bytes: Buffer) => sink(stream, bytes));
  return socket;
}

/** A terminal's master says EIO when the last slave is closed: that is its end of file. */
function ended(stream: Socket): Promise<void> {
  return new Promise((resolve) => {
    stream.once('end', resolve);
    stream.once('close', () => resolve());
    stream.once('error', () => stream.destroy());
  });
}

async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
