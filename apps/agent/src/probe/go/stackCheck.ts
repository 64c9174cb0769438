import type { BinaryFile } from './binaryFile.ts';
import { type Elf, offsetOf } from './elf.ts';

/** Bytes that a function's first instructions are looked for in. */
const PROLOGUE = 40;

/**
 * Most Go functions begin with a check: is there room on the stack? If not, the runtime moves the stack and starts the
 * function again, so its first instruction is passed twice in one call. This gives the number of bytes below the stack
 * pointer that must lie above the goroutine's limit for the check to pass, undefined where no check that is known stands.
 */
export async function stackNeedOf(file: BinaryFile, elf: Elf, address: number): Promise<number | undefined> {
  const offset = offsetOf(elf, address);
  if (offset === undefined) return undefined;
  const bytes = await file.read(offset, Math.min(PROLOGUE, file.size - offset));
  if (bytes.length < 24) return undefined;
  return elf.arch === 'x64' ? x64Need(bytes) : arm64Need(bytes);
}

/** Small frames: `cmp rsp, [r14 + 16]`. Larger ones: `lea r12, [rsp - n]`, `cmp r12, [r14 + 16]`. */
function x64Need(bytes: Buffer): number | undefined {
  const is = (at: number, hex: string) => bytes.toString('hex', at, at + hex.length / 2) === hex;
  if (is(0, '493b6610')) return 0;
  if (is(0, '4c8d6424') && is(5, '4d3b6610')) return -bytes.readInt8(4);
  if (is(0, '4c8da424') && is(8, '4d3b6610')) return -bytes.readInt32LE(4);
  return undefined;
}

/** `ldr x16, [x28, #16]`, then `cmp sp, x16`, or `sub x17, sp, #n`, `cmp x17, x16`. */
function arm64Need(bytes: Buffer): number | undefined {
  const [load, second, third] = [0, 4, 8].map((at) => bytes.readUInt32LE(at));
  if (load !== 0xf9400b90 || second === undefined) return undefined;
  if (second === 0xeb3063ff) return 0;
  // sub (immediate), 64 bits, x17 from sp; bit 22 shifts the immediate by 12
  if ((second & 0xff8003ff) >>> 0 !== 0xd10003f1 || third !== 0xeb10023f) return undefined;
  const immediate = (second >>> 10) & 0xfff;
  return (second & 0x400000) !== 0 ? immediate << 12 : immediate;
}
