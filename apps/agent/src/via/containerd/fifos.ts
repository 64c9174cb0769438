import { closeSync, constants, openSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { mustCall } from '../../kernelCalls.ts';
import { ended, type OutputSink, readEnd, readOn, written } from '../embedded/stdio.ts';
import { settlesWithin } from '../gate.ts';

/** underdock’s side of the streams of a process that a shim runs. */
export interface Fifos {
  /** What containerd is told: paths, `''` for a stream that there is not. */
  paths: { stdin: string; stdout: string; stderr: string };
  /** The shim has opened its ends: from now on the end of the output can be seen. */
  handedOver(): void;
  /** Resolves once the shim’s end has taken the bytes; undefined when nobody can take them. */
  input(bytes: Uint8Array): Promise<void> | undefined;
  /** Lets go of our end of stdin, once all that was written is taken. */
  endInput(): Promise<void>;
  /** Resolves with true when the output has ended, after `graceMs` with false. */
  drained(graceMs: number): Promise<boolean>;
  /** Closes all and removes the files. */
  close(): Promise<void>;
}

interface Output {
  name: 'stdout' | 'stderr';
  /** Held open until the shim has its own end, so that the reader does not see an end before the beginning. */
  keeper: number;
  reader: Socket;
}

/**
 * Makes named pipes in `folder`, which is made: containerd hands streams over by path. A terminal has one output, and no
 * stderr of its own.
 */
export async function makeFifos(
  folder: string,
  { interactive, tty }: { interactive: boolean; tty: boolean },
  sink: OutputSink,
): Promise<Fifos> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const outputs = (tty ? (['stdout'] as const) : (['stdout', 'stderr'] as const)).map((name) =>
    openOutput(join(folder, name), name, sink),
  );
  const paths = {
    stdin: interactive ? join(folder, 'stdin') : '',
    stdout: join(folder, 'stdout'),
    stderr: tty ? '' : join(folder, 'stderr'),
  };
  const stdin = interactive ? openInput(paths.stdin) : undefined;
  return createFifos(folder, paths, outputs, stdin);
}

function createFifos(
  folder: string,
  paths: Fifos['paths'],
  outputs: Output[],
  stdin: Socket | undefined,
): Fifos {
  const ends = Promise.all(outputs.map(({ reader }) => ended(reader)));
  const keepers = new Set(outputs.map(({ keeper }) => keeper));
  const letGo = () => {
    for (const keeper of keepers) closeSync(keeper);
    keepers.clear();
  };
  return {
    paths,
    handedOver: letGo,
    input: (bytes) => (stdin?.writable ? written(stdin, bytes) : undefined),
    endInput: async () => {
      if (stdin?.writable) await new Promise<void>((resolve) => stdin.end(resolve));
    },
    drained(graceMs) {
      for (const { reader } of outputs) readOn(reader);
      return settlesWithin(ends, graceMs);
    },
    async close() {
      letGo();
      stdin?.destroy();
      for (const { reader } of outputs) reader.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function makeFifo(path: string): void {
  mustCall('mkfifo', 'int mkfifo(const char *path, unsigned int mode)', path, 0o600);
}

const { O_RDONLY, O_RDWR, O_NONBLOCK } = constants;

function openOutput(path: string, name: 'stdout' | 'stderr', sink: OutputSink): Output {
  makeFifo(path);
  const keeper = openSync(path, O_RDWR | O_NONBLOCK);
  return { name, keeper, reader: readEnd(openSync(path, O_RDONLY | O_NONBLOCK), name, sink) };
}

/** Opened for both, as nobody reads yet; the shim holds a writer of its own until it is told that the input has ended. */
function openInput(path: string): Socket {
  makeFifo(path);
  const socket = new Socket({ fd: openSync(path, O_RDWR | O_NONBLOCK), readable: false, writable: true });
  socket.on('error', () => socket.destroy());
  return socket;
}
