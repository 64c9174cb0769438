import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bootId, isAlive, readStat } from '../../../apps/agent/src/processes.ts';
import { Journal, ownMark } from '../../../apps/agent/src/via/embedded/journal.ts';
import { recordAlive } from '../../../apps/agent/src/via/embedded/lowLevel/byHand/record.ts';
import type { Runtimes } from '../../../apps/agent/src/via/embedded/lowLevel/runtimes.ts';
import { recover } from '../../../apps/agent/src/via/embedded/recover.ts';

let stateDir: string;
let stranger: ChildProcess;
let mark: { pid: number; startTime: number };

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'underdock-boot-'));
  stranger = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(stranger, 'spawn');
  const pid = stranger.pid ?? 0;
  mark = { pid, startTime: readStat(pid)?.startTime ?? 0 };
});
afterEach(() => {
  stranger.kill('SIGKILL');
  rmSync(stateDir, { recursive: true, force: true });
});

const noRuntimes: Runtimes = {
  found: [],
  choose: async () => {
    throw new Error('no runtime is here');
  },
};

function leave(boot: string): string {
  const agent = { ...ownMark(), startTime: 1, boot };
  const container = 'c'.repeat(64);
  const entry = { version: 1, run: 'r1', container, name: 'calm-pier', agent, state: 'running' } as const;
  const journal = new Journal(stateDir, { ...entry, runtime: 'runc', cgroup: `/underdock/${container}` });
  journal.change({ init: mark });
  return journal.folder;
}

describe('a process with the number and start time of a container’s first one', () => {
  it('is killed with what an agent of this boot has left', async () => {
    leave(bootId());
    await recover(stateDir, noRuntimes);
    expect(isAlive(mark.pid, mark.startTime)).toBe(false);
  });

  it('is somebody else’s after another boot: only the folder goes', async () => {
    const folder = leave('another');
    await recover(stateDir, noRuntimes);
    expect(isAlive(mark.pid, mark.startTime)).toBe(true);
    expect(existsSync(folder)).toBe(false);
  });

  it('is not taken by by-hand for its own after another boot', () => {
    const record = { id: 'x', ...mark, work: stateDir, cgroups: [], started: true };
    expect(recordAlive({ ...record, boot: bootId() })).toBe(true);
    expect(recordAlive({ ...record, boot: 'another' })).toBe(false);
  });
});
