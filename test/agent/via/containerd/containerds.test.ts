import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentError } from '../../../../apps/agent/src/error.ts';
import { createContainerds } from '../../../../apps/agent/src/via/containerd/containerds.ts';
import { readEntries, runFolder, writeEntry } from '../../../../apps/agent/src/via/containerd/journal.ts';
import { silentTell } from '../../../../apps/agent/src/via/embedded/lowLevel/silentTell.ts';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'underdock-containerds-'));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const silent = { tell: silentTell, cause: [] };
const own = {
  get: () => Promise.reject(new AgentError('asked-for-private', 'a private one')),
  recover: async () => [],
  close: async () => {},
};
const containerds = (env: Record<string, string> = {}) => createContainerds({ stateDir, env, own });
const entry = {
  run: 'r1',
  container: 'c1',
  name: 'n1',
  snapshotter: 'overlayfs',
  private: false,
  state: 'live',
} as const;

test('a socket where nobody listens is no containerd of the host’s, unless that is asked for', async () => {
  const stale = join(stateDir, 'containerd.sock');
  writeFileSync(stale, '');
  const env = { CONTAINERD_ADDRESS: stale };
  await expect(containerds(env).choose({ engine: 'private' }, silent)).rejects.toMatchObject({
    code: 'asked-for-private',
  });
  await expect(containerds(env).choose({ engine: 'host' }, silent)).rejects.toMatchObject({
    code: 'daemon-unreachable',
    message: expect.stringContaining(stale),
  });
});

test('a socket may be named that is the usual one or stands in the environment, any by who may mount anything', () => {
  const check =
    (socket: string, mounts: string[] = []) =>
    () =>
      containerds({ CONTAINERD_ADDRESS: '/mine.sock' }).checkSocket(socket, mounts);
  for (const socket of ['/run/containerd/containerd.sock', '/mine.sock']) expect(check(socket)).not.toThrow();
  expect(check('/other.sock', ['/'])).not.toThrow();
  expect(check('/other.sock')).toThrow(expect.objectContaining({ code: 'socket-not-allowed' }));
});

test('what can’t be removed now is said, and stays written down for the next start', async () => {
  writeEntry(stateDir, { ...entry, socket: join(stateDir, 'gone.sock') });
  expect(await containerds().recover()).toMatchObject([
    { run: 'r1', actions: [expect.stringContaining('there is no such socket')] },
  ]);
  expect(readEntries(stateDir)).toHaveLength(1);
});

test('what was kept is no remains, and nonsense is left out', async () => {
  writeEntry(stateDir, { ...entry, state: 'kept', socket: join(stateDir, 'gone.sock') });
  writeEntry(stateDir, { ...entry, run: 'r2', socket: '' });
  writeFileSync(join(runFolder(stateDir, 'r2'), 'entry.json'), '{');
  expect(await containerds().recover()).toEqual([]);
  expect(await containerds().removeKept('other')).toBe(false);
});
