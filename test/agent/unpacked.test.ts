import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { unpacked } from '../../apps/agent/src/unpacked.ts';

const plain = Buffer.from(randomBytes(60_000).toString('hex'));
const packed = gzipSync(plain);

/** What can be had of the bytes, and the code of the error that ended it. */
async function read(bytes: Uint8Array, size = 65_536) {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const got: Uint8Array[] = [];
  let code: string | undefined;
  try {
    for await (const piece of unpacked(chunks())) got.push(piece);
  } catch (error) {
    code = (error as NodeJS.ErrnoException).code;
  }
  return { text: Buffer.concat(got), code };
}

test.each<[string, Uint8Array, number]>([
  ['plain', plain, 65_536],
  ['packed', packed, 65_536],
  ['in single bytes', packed, 1],
  ['in two parts', Buffer.concat([gzipSync(plain.subarray(0, 5000)), gzipSync(plain.subarray(5000))]), 4096],
  ['with zeros behind it', Buffer.concat([packed, Buffer.alloc(500_000)]), 4096],
])('a file is unpacked whatever it is: %s', async (_name, bytes, size) => {
  const { text, code } = await read(bytes, size);
  expect(code).toBeUndefined();
  expect(text.equals(plain)).toBe(true);
});

test('nothing is nothing, and one byte is one', async () => {
  expect(await read(Buffer.alloc(0))).toEqual({ text: Buffer.alloc(0), code: undefined });
  expect((await read(Buffer.from('x'))).text.toString()).toBe('x');
});

test.each<[string, Uint8Array, string]>([
  ['cut off', packed.subarray(0, 40_000), 'Z_BUF_ERROR'],
  ['changed in its middle', Buffer.concat([packed.subarray(0, 40_000), randomBytes(9000)]), 'Z_DATA_ERROR'],
])('what could be unpacked comes before the error: %s', async (_name, bytes, expected) => {
  const { text, code } = await read(bytes);
  expect(code).toMatch(new RegExp(`${expected}|Z_BUF_ERROR`));
  // Up to the piece of 4 KiB that is damaged.
  expect(text.length).toBeGreaterThan(60_000);
  expect(text.subarray(0, 60_000).equals(plain.subarray(0, 60_000))).toBe(true);
});
