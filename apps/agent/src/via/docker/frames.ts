/** A piece of a container's output. */
export interface OutputPiece {
  stream: 'stdout' | 'stderr';
  bytes: Uint8Array;
}

const HEADER_BYTES = 8;

/**
 * Takes apart the stream of a container without terminal: frames of an 8 byte header (stream, 0, 0, 0, length big-endian) and
 * their bytes (Docker Engine API, ContainerAttach). Bytes are handed on as they come, not only when a frame is whole.
 */
export function createFrameReader(): (chunk: Uint8Array) => OutputPiece[] {
  const header = Buffer.alloc(HEADER_BYTES);
  let filled = 0;
  let left = 0;
  return (chunk) => {
    const pieces: OutputPiece[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (left > 0) {
        const bytes = chunk.subarray(at, at + left);
        pieces.push({ stream: header[0] === 2 ? 'stderr' : 'stdout', bytes });
        at += bytes.length;
        left -= bytes.length;
        continue;
      }
      const part = chunk.subarray(at, at + HEADER_BYTES - filled);
      header.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled < HEADER_BYTES) break;
      left = header.readUInt32BE(4);
      filled = 0;
    }
    return pieces;
  };
}
