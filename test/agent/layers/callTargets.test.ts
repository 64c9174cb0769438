import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { FoundProgram } from '../../../apps/agent/src/daemons/findDaemons.ts';
import { openTargets } from '../../../apps/agent/src/layers/callTargets.ts';
import { house } from '../../structure/house.ts';

const folder = mkdtempSync(join(tmpdir(), 'underdock-targets-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const NATIVE = `go-1.26-${process.arch}`;
const FOREIGN = `go-1.26-${process.arch === 'arm64' ? 'x64' : 'arm64'}`;

/** A file as a daemon of root’s, by this name. */
function program(name: string, from?: string, uid = 0): FoundProgram {
  const path = join(folder, `${name}-${uid}`);
  if (from) copyFileSync(join(house, 'node_modules', from, 'bin/esbuild'), path);
  else writeFileSync(path, `#!/bin/sh\nexec podman "$@"\n${'#'.repeat(80)}\n`);
  chmodSync(path, 0o755);
  if (process.getuid?.() === 0) chownSync(path, uid, uid);
  return { name, path, file: path, inode: String(statSync(path).ino), uid };
}
const why = async (found: FoundProgram) => {
  const { programs, targets, close } = await openTargets([found]);
  await close();
  expect(targets).toEqual([]);
  expect(programs).toMatchObject([{ name: found.name, kinds: [] }]);
  return programs[0]?.why;
};

it('makes a Go program ready by a path that stays the same file', async () => {
  const found = program('dockerd', NATIVE);
  const { programs, targets, close } = await openTargets([found]);
  expect(programs).toMatchObject([{ kinds: ['http-server'], path: found.path }]);
  const file = targets[0]?.file ?? '';
  rmSync(found.path);
  expect(String(statSync(file).ino)).toBe(found.inode);
  await close();
  expect(statSync(file, { throwIfNoEntry: false })).toBeUndefined();
});

it('says which functions are missing in a build that it does not know', async () => {
  expect(await why(program('ctr', NATIVE))).toMatch(
    /ctr-0 has no google\.golang\.org\/grpc\.\(\*ClientConn\)\.Invoke/,
  );
});

it('says why a file can’t be probed, with the path that it has', async () => {
  expect(await why(program('docker'))).toMatch(/docker-0 can’t be looked into: it is no ELF program/);
  expect(await why(program('kubelet', FOREIGN))).toMatch(
    /kubelet-0 is built for (arm64|x64) and not for this machine/,
  );
  expect(await why(program('nerdctl', NATIVE, 1000))).toMatch(
    /belongs to user 1000: only root’s programs are probed/,
  );
});

it('leaves out what has gone since it was found, so that it is new when it comes again', async () => {
  const gone = program('docker', NATIVE);
  rmSync(gone.path);
  const { programs, targets, close } = await openTargets([gone, program('dockerd', NATIVE)]);
  await close();
  expect(programs.map(({ name }) => name)).toEqual(['dockerd']);
  expect(targets).toHaveLength(1);
});

it('makes the others ready when one can’t be', async () => {
  const { programs, targets, close } = await openTargets([
    program('docker'),
    program('containerd', NATIVE),
    program('dockerd', NATIVE),
  ]);
  await close();
  expect(programs.map(({ why: reason }) => reason === undefined)).toEqual([false, false, true]);
  expect(targets).toHaveLength(1);
});
