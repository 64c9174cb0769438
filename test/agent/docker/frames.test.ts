import { expect, test } from 'vitest';
import { createFrameReader } from '../../../apps/agent/src/via/docker/frames.ts';

const frame = (stream: number, text: string) => {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
};
const whole = Buffer.concat([frame(1, 'out'), frame(2, 'err'), frame(1, ''), frame(1, 'x'.repeat(300))]);

test.each([1, 2, 7, 8, 9, 11, 1000])(
  'output is told apart, however it is cut: %i bytes at a time',
  (size) => {
    const read = createFrameReader();
    const said = { stdout: '', stderr: '' };
    for (let at = 0; at < whole.length; at += size) {
      for (const { stream, bytes } of read(whole.subarray(at, at + size))) said[stream] += Buffer.from(bytes);
    }
    expect(said).toEqual({ stdout: `out${'x'.repeat(300)}`, stderr: 'err' });
  },
);

test('what is there of a frame is handed on before the rest has come', () => {
  const read = createFrameReader();
  expect(read(frame(1, 'half').subarray(0, 10)).map(({ bytes }) => String(Buffer.from(bytes)))).toEqual([
    'ha',
  ]);
});
