import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { createFrameReader, type OutputPiece } from './frames.ts';

/** What passes between a container's streams and us. */
export interface Attachment {
  /** Resolves when the container's output has ended and everything has been handed on. */
  ended: Promise<void>;
  /** Resolves when the engine has taken the bytes. */
  input(bytes: Uint8Array): Promise<void>;
  endInput(): void;
  close(): void;
}

/** Hands on what a hijacked connection carries. Where `output` returns a promise, no more is read before that has resolved. */
export function attach(
  stream: Duplex,
  tty: boolean,
  output: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => unknown,
): Attachment {
  const ended = pump(stream, tty, output);
  return {
    ended,
    async input(bytes) {
      if (!stream.writable || stream.write(bytes)) return;
      await Promise.race([once(stream, 'drain'), once(stream, 'close'), ended]).catch(() => {});
    },
    endInput: () => void stream.end(),
    close: () => void stream.destroy(),
  };
}

async function pump(
  stream: Duplex,
  tty: boolean,
  output: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => unknown,
): Promise<void> {
  const whole = (bytes: Uint8Array): OutputPiece[] => [{ stream: 'stdout', bytes }];
  const read = tty ? whole : createFrameReader();
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      for (const piece of read(chunk)) await output(piece.stream, piece.bytes);
    }
  } catch {
    // A connection that breaks is no fault of the container's: its end is learnt from the engine.
  }
}
