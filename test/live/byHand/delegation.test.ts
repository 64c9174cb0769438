import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cgroupMounts } from '../../../apps/agent/src/via/embedded/bundle/cgroups.ts';
import {
  AGENT_LEAF,
  delegatedBase,
  enterLeaf,
} from '../../../apps/agent/src/via/embedded/bundle/delegation.ts';

// A real v2 cgroup with a process in it: the hierarchy exists in hybrid layouts too, with fewer controllers.
const unified =
  cgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8')).mounts.unified ?? '/no-cgroup-v2-here';
const folder = path.join(unified, `underdock-delegation-${process.pid}`);
const leaf = path.join(folder, AGENT_LEAF);

let sleeper: ReturnType<typeof spawn>;
beforeEach(() => {
  mkdirSync(folder);
  sleeper = spawn('sleep', ['77']);
  writeFileSync(path.join(folder, 'cgroup.procs'), String(sleeper.pid));
});
afterEach(async () => {
  const ended = once(sleeper, 'exit');
  sleeper.kill('SIGKILL');
  await ended;
  for (const one of [leaf, folder]) if (existsSync(one)) rmdirSync(one);
});

describe('a delegated cgroup', () => {
  it('has its processes moved to a leaf, so that it can hand controllers down', async () => {
    await enterLeaf(folder);
    expect(readFileSync(path.join(folder, 'cgroup.procs'), 'utf8')).toBe('');
    expect(readFileSync(path.join(leaf, 'cgroup.procs'), 'utf8')).toBe(`${sleeper.pid}\n`);
    expect(readFileSync(`/proc/${sleeper.pid}/cgroup`, 'utf8')).toContain(
      `0::/${path.basename(folder)}/${AGENT_LEAF}\n`,
    );
  });

  it('can be entered twice', async () => {
    await enterLeaf(folder);
    await enterLeaf(folder);
    expect(readFileSync(path.join(leaf, 'cgroup.procs'), 'utf8')).toBe(`${sleeper.pid}\n`);
  });

  it('is found again from the leaf', () => {
    expect(delegatedBase(`/user.slice/me.scope/${AGENT_LEAF}`)).toBe('/user.slice/me.scope');
    expect(delegatedBase('/user.slice/me.scope')).toBe('/user.slice/me.scope');
  });

  it('that does not exist is refused with what to do', () =>
    expect(enterLeaf('/proc/underdock')).rejects.toMatchObject({
      code: 'delegation',
      remedy: expect.stringContaining('Delegate=yes'),
    }));
});
