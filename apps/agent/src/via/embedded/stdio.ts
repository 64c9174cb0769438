import { closeSync, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import { ReadStream } from 'node:tty';
import { makePipe, setTerminalSize, waitingBytes } from '../../kernelCalls.ts';
import { settlesWithin } from '../gate.ts';
import type { Stdio } from './lowLevel/runtime.ts';

/** Called with the container's output, as it comes. Where it returns a promise, no more is read before that has resolved. */
export type OutputSink = (stream: 'stdout' | 'stderr', bytes: Uint8Array) => unknown;

/** underdock's side of a container's streams. */
export interface Attached {
  /** What the low-level runtime is given. */
  stdio: Stdio;
  /**
   * The runtime has returned and the container has its own copies: ours of its ends are closed, so that their end can be
   * seen; what the runtime itself wrote is thrown away (its log says it too); from now on output is the container's.
   */
  handedOver(): void;
  /** Takes the terminal's master, for a container with a terminal. */
  terminal(master: number): void;
  /** Resolves once the container, or its pipe, has taken the bytes; undefined when nobody can take them. */
  input(bytes: Uint8Array): Promise<void> | undefined;
  endInput(): void;
  resize(cols: number, rows: number): void;
  /** Resolves with true when the output has ended, after `graceMs` with false: something still holds it open. */
  drained(graceMs: number): Promise<boolean>;
  close(): void;
}

/** What a terminal takes for the end of input: Ctrl-D (termios(3), VEOF). */
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
  #sink: OutputSink;
  #theirs: number[];
  #ours: { fd: number; stream: 'stdout' | 'stderr' }[];
  #input: Socket | undefined;
  #readers: Socket[] = [];
  #ended: Promise<unknown> = Promise.resolve();

  constructor(interactive: boolean, sink: OutputSink) {
    this.#sink = sink;
    const out = makePipe();
    const err = makePipe();
    const stdin = interactive ? this.#openInput() : openSync('/dev/null', 'r');
    this.stdio = { stdin, stdout: out.write, stderr: err.write };
    this.#theirs = [stdin, out.write, err.write];
    this.#ours = [
      { fd: out.read, stream: 'stdout' },
      { fd: err.read, stream: 'stderr' },
    ];
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
    this.#readers = this.#ours.splice(0).map(({ fd, stream }) => {
      const waiting = waitingBytes(fd);
      if (waiting > 0) readSync(fd, Buffer.alloc(waiting));
      return readEnd(fd, stream, this.#sink);
    });
    this.#ended = Promise.all(this.#readers.map(ended));
  }

  terminal(): void {
    throw new Error('this container has no terminal');
  }

  input(bytes: Uint8Array): Promise<void> | undefined {
    return this.#input?.writable ? written(this.#input, bytes) : undefined;
  }

  endInput(): void {
    this.#input?.end();
  }

  resize(): void {
    // Without a terminal there is nothing that has a size.
  }

  drained(graceMs: number): Promise<boolean> {
    for (const reader of this.#readers) readOn(reader);
    return settlesWithin(this.#ended, graceMs);
  }

  close(): void {
    for (const fd of this.#theirs.splice(0)) closeSync(fd);
    for (const { fd } of this.#ours.splice(0)) closeSync(fd);
    this.#input?.destroy();
    for (const reader of this.#readers) reader.destroy();
  }
}

/** A terminal whose size nobody has told: programs that ask for it fail on 0 x 0. */
const DEFAULT_SIZE = { cols: 80, rows: 24 };

class TerminalStreams implements Attached {
  readonly stdio: Stdio;
  #null = openSync('/dev/null', 'r+');
  #sink: OutputSink;
  #master: ReadStream | undefined;
  #fd = -1;
  #size = DEFAULT_SIZE;
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
    passOn(this.#master, 'stdout', this.#sink);
    this.#ended = ended(this.#master);
    this.resize(this.#size.cols, this.#size.rows);
    for (const bytes of this.#early.splice(0)) void this.input(bytes);
  }

  input(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#master) return this.#master.destroyed ? undefined : written(this.#master, bytes);
    this.#early.push(bytes);
    return undefined;
  }

  endInput(): void {
    void this.input(END_OF_TRANSMISSION);
  }

  resize(cols: number, rows: number): void {
    this.#size = { cols, rows };
    if (this.#master && !this.#master.destroyed) setTerminalSize(this.#fd, cols, rows);
  }

  drained(graceMs: number): Promise<boolean> {
    if (this.#master) readOn(this.#master);
    return settlesWithin(this.#ended, graceMs);
  }

  close(): void {
    this.handedOver();
    this.#master?.destroy();
  }
}

/** Resolves when the bytes are written. A write that fails has been taken too: whoever should have read it is gone. */
export function written(stream: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    stream.write(bytes, () => resolve());
  });
}

/** Reads a pipe into the sink, as fast as that takes it. */
export function readEnd(fd: number, stream: 'stdout' | 'stderr', sink: OutputSink): Socket {
  const socket = new Socket({ fd, readable: true, writable: false });
  passOn(socket, stream, sink);
  return socket;
}

/** Those that are read to their end now: nobody writes any more, so what is left is no more than a pipe holds. */
const unpaused = new WeakSet<Socket>();

/** From now on a reader waits for its sink no more. */
export function readOn(socket: Socket): void {
  unpaused.add(socket);
  socket.resume();
}

function passOn(socket: Socket, stream: 'stdout' | 'stderr', sink: OutputSink): void {
  socket.on('data', (bytes: Buffer) => {
    const slow = sink(stream, bytes);
    if (!(slow instanceof Promise) || unpaused.has(socket)) return;
    socket.pause();
    void slow.finally(() => socket.resume());
  });
}

/** Resolves at its end. A terminal's master says EIO when the last slave is closed: that is its end of file. */
export function ended(stream: Socket): Promise<void> {
  return new Promise((resolve) => {
    stream.once('end', resolve);
    stream.once('close', () => resolve());
    stream.once('error', () => stream.destroy());
  });
}
