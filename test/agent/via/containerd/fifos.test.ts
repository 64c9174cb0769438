import { createReadStream, createWriteStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Fifos, makeFifos } from '../../../../apps/agent/src/via/containerd/fifos.ts';

let folder: string;
let fifos: Fifos | undefined;
const said = { stdout: '', stderr: '' };
const sink = (stream: 'stdout' | 'stderr', bytes: Uint8Array) => {
  said[stream] += Buffer.from(bytes).toString();
};

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'underdock-fifos-')), 'io');
  Object.assign(said, { stdout: '', stderr: '' });
});
afterEach(async () => {
  await fifos?.close();
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

test('what a shim writes into the pipes is told apart, and its end is seen', async () => {
  fifos = await makeFifos(folder, { interactive: false, tty: false }, sink);
  const [out, err] = [createWriteStream(fifos.paths.stdout), createWriteStream(fifos.paths.stderr)];
  await Promise.all([
    new Promise((resolve) => out.once('open', resolve)),
    new Promise((resolve) => err.once('open', resolve)),
  ]);
  fifos.handedOver();
  expect(await fifos.drained(20)).toBe(false);
  out.end('to out\n');
  err.end('to err\n');
  expect(await fifos.drained(2000)).toBe(true);
  expect(said).toEqual({ stdout: 'to out\n', stderr: 'to err\n' });
});

test('a terminal has one output, and nothing reads standard input that is not interactive', async () => {
  fifos = await makeFifos(folder, { interactive: false, tty: true }, sink);
  expect(fifos.paths).toEqual({ stdin: '', stdout: join(folder, 'stdout'), stderr: '' });
  expect(fifos.input(Buffer.from('x'))).toBeUndefined();
});

test('input is taken as it is read, and ends when it is said to', async () => {
  fifos = await makeFifos(folder, { interactive: true, tty: false }, sink);
  const reader = createReadStream(fifos.paths.stdin);
  let got = '';
  reader.on('data', (piece) => {
    got += piece;
  });
  const ended = new Promise<void>((resolve) => reader.once('end', () => resolve()));
  // A pipe that is opened for reading after its last writer has gone waits for another one.
  await new Promise((resolve) => reader.once('open', resolve));
  await fifos.input(Buffer.from('typed\n'));
  await fifos.endInput();
  await ended;
  expect(got).toBe('typed\n');
});

test('nothing stays of them', async () => {
  fifos = await makeFifos(folder, { interactive: true, tty: false }, sink);
  await fifos.close();
  expect(existsSync(folder)).toBe(false);
});
