import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { mustCall } from '../../kernelCalls.ts';

/** A piece of what a container has printed, as a CRI log has it. */
export interface LogPiece {
  stream: 'stdout' | 'stderr';
  bytes: Buffer;
}

const LOOK_MS = 30;
/** A log that has not grown for so many looks after its container’s end is complete. */
const STILL = 3;
const CHUNK = 256 * 1024;
/** So much of a log stays on the disk once it is read (bytes), and up to twice as much. */
const KEPT = 16 * 1024 * 1024;
const NEWLINE = 0x0a;
const SPACE = 0x20;

/**
 * One line of a container’s log: `TIME stdout F text` (Kubernetes, cri-api: the format of container logs). `P` says that the text
 * goes on in the next line, so no newline was printed here. Undefined for a line that makes no sense.
 */
export function parseLogLine(line: Buffer): LogPiece | undefined {
  const first = line.indexOf(SPACE);
  const second = line.indexOf(SPACE, first + 1);
  const third = line.indexOf(SPACE, second + 1);
  if (first < 0 || second < 0) return undefined;
  const stream = line.subarray(first + 1, second).toString('latin1');
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  const tagEnd = third < 0 ? line.length : third;
  // Tags are separated by colons; the first says whether the line is whole.
  const isPartial =
    line
      .subarray(second + 1, tagEnd)
      .toString('latin1')
      .split(':')[0] === 'P';
  const text = third < 0 ? Buffer.alloc(0) : line.subarray(third + 1);
  return { stream, bytes: isPartial ? Buffer.from(text) : Buffer.concat([text, Buffer.from([NEWLINE])]) };
}

/** Splits what is read of a log into lines. */
export class LogLines {
  #rest: Buffer = Buffer.alloc(0);

  take(bytes: Buffer): LogPiece[] {
    const whole = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    const pieces: LogPiece[] = [];
    let from = 0;
    for (let at = whole.indexOf(NEWLINE); at >= 0; at = whole.indexOf(NEWLINE, from)) {
      const piece = parseLogLine(whole.subarray(from, at));
      if (piece) pieces.push(piece);
      from = at + 1;
    }
    this.#rest = Buffer.from(whole.subarray(from));
    return pieces;
  }
}

/** The last bytes of a log, from the beginning of a line on; a container can write more than fits into memory. */
export async function endOf(file: string, most: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - most);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
    const bytes = buffer.subarray(0, bytesRead);
    return from === 0 ? bytes : bytes.subarray(bytes.indexOf(NEWLINE) + 1);
  } finally {
    await handle.close();
  }
}

/** Follows a container’s log while it grows. */
export interface LogFollower {
  /** The container has ended: reads to the end. Resolves when everything has been passed on. */
  finish(): Promise<void>;
}

/**
 * Passes on what comes into a log from now on; a file that is not there yet is waited for. Of what was passed on the last `keep`
 * bytes at least stay on the disk.
 */
export function followLog(
  file: string,
  output: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => unknown,
  keep = KEPT,
): LogFollower {
  let ended = false;
  const lines = new LogLines();
  const space = new GivenBack(keep);
  const read = async (handle: FileHandle): Promise<number> => {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK), 0, CHUNK);
    space.passed(handle.fd, bytesRead);
    for (const { stream, bytes } of joined(lines.take(buffer.subarray(0, bytesRead))))
      await output(stream, bytes);
    return bytesRead;
  };
  const follow = async () => {
    let handle: FileHandle | undefined;
    try {
      for (let still = 0; still < STILL; ) {
        handle ??= await open(file, 'r+').catch(() => undefined);
        const grown = handle ? await read(handle) : 0;
        if (grown > 0) still = 0;
        else {
          still = ended ? still + 1 : 0;
          await pause(LOOK_MS);
        }
      }
    } finally {
      await handle?.close();
    }
  };
  const over = follow();
  over.catch(() => {});
  return {
    async finish() {
      ended = true;
      await over;
    },
  };
}

/** Neighbouring pieces of one stream as one. */
function joined(pieces: readonly LogPiece[]): LogPiece[] {
  const groups: { stream: LogPiece['stream']; parts: Buffer[] }[] = [];
  for (const { stream, bytes } of pieces) {
    const last = groups.at(-1);
    if (last?.stream === stream) last.parts.push(bytes);
    else groups.push({ stream, parts: [bytes] });
  }
  return groups.map(({ stream, parts }) => ({ stream, bytes: Buffer.concat(parts) }));
}

/** fallocate(2): FALLOC_FL_KEEP_SIZE and FALLOC_FL_PUNCH_HOLE. */
const PUNCH = 3;
const FALLOCATE = 'int fallocate(int fd, int mode, int64_t offset, int64_t length)';

/** The disk that the beginning of a log takes: no kubelet is there to rotate it, and a container may print for days. */
class GivenBack {
  readonly #keep: number;
  #read = 0;
  #from = 0;
  #possible = true;

  constructor(keep: number) {
    this.#keep = keep;
  }

  passed(fd: number, bytes: number): void {
    this.#read += bytes;
    const length = this.#read - this.#keep - this.#from;
    if (!this.#possible || length < this.#keep) return;
    try {
      mustCall('fallocate', FALLOCATE, fd, PUNCH, this.#from, length);
      this.#from += length;
    } catch {
      // Not every filesystem can: there the log grows as it does under ctr.
      this.#possible = false;
    }
  }
}
