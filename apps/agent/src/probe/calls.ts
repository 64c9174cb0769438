import { printCounted } from './fragment.ts';

/** The kinds of call that the probe tells: protocol and side, as one word in a line. */
export const CALL_KINDS = {
  'http-server': { protocol: 'http', side: 'server' },
  'http-client': { protocol: 'http', side: 'client' },
  'grpc-server': { protocol: 'grpc', side: 'server' },
  'grpc-client': { protocol: 'grpc', side: 'client' },
  'ttrpc-client': { protocol: 'ttrpc', side: 'client' },
} as const;

/** A kind of call. */
export type CallKind = keyof typeof CALL_KINDS;

/**
 * A probe at the entry of a function of a Go program. In its text, `R0` … `R8` stand for the registers of the function's
 * integer arguments (Go's ABIInternal: a string takes two, an interface two, a slice three) and `G` for the goroutine.
 */
export interface CallProbe {
  /** The function's name as the Go linker has it, without a vendor folder. */
  function: string;
  /** The same function under other names, in other versions of its library. */
  orElse?: readonly string[];
  /** Only where the program has this function too, or has it not: how versions of a library are told apart. */
  with?: string;
  without?: string;
  text: string;
}

/** What a layer contributes to the daemons' probe. */
export interface CallFragment {
  kind: CallKind;
  /** Without these there is nothing to see of this kind. */
  needed: readonly string[];
  probes: readonly CallProbe[];
}

/** Bytes of one printed piece of a payload. */
export const PAYLOAD_PIECE = 64;
/** Most of a payload that is captured, in pieces: 30 kB. The spec in Containers/Create takes 10 kB as a rule. */
export const PAYLOAD_PIECES = 480;
/** Of the messages of a stream, which may be layers of an image, only the beginning. */
const STREAM_PIECES = 4;

/** Prints the Go string at `address` (pointer, then length) as text `index`, in pieces. Uses `$p`, `$l`, `$i`. */
export function printGoString(address: string, index: number): string {
  return `$p = *(uint64*)uptr(${address}); $l = *(uint64*)uptr(${address} + 8); if ($l > 0) { ${printCounted(index)} }`;
}

/** Prints at most 127 bytes of the Go string at `address`: a loop costs seconds at the start. */
export function printShortGoString(address: string, index: number): string {
  return printName(`*(uint64*)uptr(${address})`, `*(uint64*)uptr(${address} + 8)`, index);
}

/** Prints at most 127 of `length` bytes of text at `pointer` as text `index`: names are shorter. */
export function printName(pointer: string, length: string, index: number): string {
  return `printf("s %d ${index} 0:%s\\n", tid, str(uptr(${pointer}), ${length}));`;
}

/** Prints that a call begins; its texts were printed before. `object` is an address that no other call of its time has. */
export function printEnter(kind: CallKind, object: string): string {
  return `printf("q %llu %d %d %lx ${kind} %lx:%s\\n", nsecs, pid, tid, $g, ${object}, comm);`;
}

/** Prints an answer: an HTTP status, 0 where the connection was taken over. */
export function printAnswer(kind: CallKind, status: string): string {
  return `printf("w %llu %d %d %lx ${kind} %d:%s\\n", nsecs, pid, tid, $g, ${status}, comm);`;
}

/** Prints that the Go string at `address` is what is done next within a call: its first 127 bytes, and its length. */
export function printStep(kind: CallKind, address: string): string {
  return `${printShortGoString(address, 0)} printf("b %llu %d %d %lx ${kind} %lu:%s\\n", nsecs, pid, tid, $g, *(uint64*)uptr(${address} + 8), comm);`;
}

/** Prints that a call has ended: `failed` is 0 or 1, 2 where that can't be seen. */
export function printExit(kind: CallKind, failed: string): string {
  return `printf("z %llu %d %d %lx ${kind} %d:%s\\n", nsecs, pid, tid, $g, ${failed}, comm);`;
}

/**
 * Prints the payload of `$l` bytes at `$p`, as much as is captured: all pieces when `whole` holds, else the first few. Lengths
 * are constants, the rest by its bits: the verifier does not follow a length that is computed.
 */
export function printPayload(kind: CallKind, whole: string): string {
  const piece = (bytes: number) =>
    `printf("a %d %d:%rh\\n", tid, $i, buf(uptr($p), ${bytes})); $p = $p + ${bytes}; $i = $i + 1;`;
  const bits = [32, 16, 8, 4, 2, 1].map((bytes) => `if (($l & ${bytes}) != 0) { ${piece(bytes)} }`);
  return `$all = $l; $i = (uint64)0; $n = (uint64)${STREAM_PIECES}; if (${whole}) { $n = (uint64)${PAYLOAD_PIECES}; }
  while ($i < ${PAYLOAD_PIECES}) {
    if ($i >= $n || $l < ${PAYLOAD_PIECE}) { break; }
    ${piece(PAYLOAD_PIECE)} $l = $l - ${PAYLOAD_PIECE};
  }
  if ($l < ${PAYLOAD_PIECE}) { ${bits.join(' ')} }
  printf("y %llu %d %d %lx ${kind} %lu:%s\\n", nsecs, pid, tid, $g, $all, comm);`;
}
