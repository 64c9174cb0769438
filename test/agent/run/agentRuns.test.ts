import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { headerSchema, runRequestSchema } from '@underdock/trace';
import { createWeave } from '@underdock/weave';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createRuns, type RunsOptions } from '../../../apps/agent/src/run/agentRuns.ts';
import type { Runs } from '../../../apps/agent/src/run/runs.ts';
import type { Via, ViaRun } from '../../../apps/agent/src/via/via.ts';
import { watchNothing } from '../../live/embeddedLab.ts';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'underdock-runs-'));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const HOST = { kernel: '6', arch: 'x86_64', cgroup: 'v2', root: true, versions: {} } as const;

/** Runs whose way in makes nothing: each ends when `stop` lets it. */
function runsOf(stop: () => Promise<void>, options: Partial<RunsOptions> = {}): Runs {
  const run: ViaRun = {
    done: new Promise(() => {}),
    input: () => {},
    endInput: () => {},
    resize: () => {},
    release: () => {},
    stop,
    remove: async () => {},
  };
  return createRuns({
    stateDir,
    allowedMounts: [],
    vias: [{ name: 'embedded', run: () => run }],
    host: HOST,
    createWeave,
    watch: watchNothing,
    engineLook: { container: async () => [] },
    look: { waiting: async () => {}, glance: async () => {}, gauges: () => () => {} },
    ...options,
  });
}

const request = (env: string[] = []) => runRequestSchema.parse({ image: 'starter', env });

test('the header of a run with a thousand variables is one that readers take', async () => {
  const env = Array.from({ length: 1000 }, (_, n) => `NAME_${n}=the value ${n}`);
  const { header } = await runsOf(async () => {}).start(request(env), 'cli');
  expect(headerSchema.safeParse(header).error).toBeUndefined();
  expect(header.command).toHaveLength(1000);
  expect(JSON.stringify(header)).not.toContain('the value');
});

test('a runtime that can’t stop a container at its page’s limit does not end the agent', async () => {
  const stop = vi.fn(async () => {
    throw new Error('the runtime is gone');
  });
  await runsOf(stop, { pageLimitMs: 10 }).start(request(), 'page');
  // A rejection that nobody takes fails this test, as it would end the agent.
  await vi.waitFor(() => expect(stop).toHaveBeenCalledTimes(2));
  expect(stop).toHaveBeenLastCalledWith({ graceMs: 0 });
});

test('one container that can’t be stopped holds up no close', async () => {
  const runs = runsOf(async () => {
    throw new Error('the runtime is gone');
  });
  await runs.start(request(), 'cli');
  await expect(runs.close()).resolves.toBeUndefined();
});

test.each([
  ['SYS_ADMIN', 'none'],
  ['all', 'none'],
  ['CAP_DAC_READ_SEARCH', 'none'],
  ['NET_ADMIN', 'host'],
] as const)('--cap-add %s with --network %s is refused: it reaches the host', async (name, network) => {
  const runs = runsOf(async () => {});
  const wanted = { ...request(), capAdd: [name], network };
  await expect(runs.start(wanted, 'page')).rejects.toMatchObject({
    code: 'capability-not-allowed',
    remedy: expect.stringContaining('--allow-cap'),
  });
  expect(runs.list()).toEqual([]);
});

test.each<[string, Partial<RunsOptions>, readonly string[], 'none' | 'host']>([
  ['what stays in the container', {}, ['NET_ADMIN', 'sys_ptrace', 'CAP_KILL'], 'none'],
  ['what was allowed', { allowedCapabilities: ['CAP_SYS_TIME'] }, ['SYS_TIME'], 'host'],
  ['anything, where that was allowed', { allowedCapabilities: ['ALL'] }, ['ALL'], 'host'],
  ['anything, where the whole host may be mounted', { allowedMounts: ['/'] }, ['SYS_ADMIN'], 'none'],
  ['anything without root', { host: { ...HOST, root: false } }, ['SYS_ADMIN'], 'none'],
])('--cap-add gives %s', async (_what, options, capAdd, network) => {
  const runs = runsOf(async () => {}, options);
  await runs.start({ ...request(), capAdd: [...capAdd], network }, 'page');
  expect(runs.list()).toHaveLength(1);
});

test('an engine of root’s is asked for no capability that reaches the host, by whomever', async () => {
  const via: Via = { name: 'docker', relayed: true, run: () => expect.unreachable() };
  const runs = runsOf(async () => {}, { host: { ...HOST, root: false }, vias: [via] });
  const wanted = { ...request(), capAdd: ['SYS_MODULE'] };
  await expect(runs.start(wanted, 'page')).rejects.toMatchObject({ code: 'capability-not-allowed' });
});
