import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RawRecord } from '@underdock/weave';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { askVersion } from '../../apps/agent/src/daemons/findEngine.ts';
import { startPrivateEngine } from '../../apps/agent/src/daemons/privateEngine.ts';
import { DockerEvents } from '../../apps/agent/src/layers/2-engine/dockerEvents.ts';
import { type Engine, openDocker } from '../../apps/agent/src/via/docker/engine.ts';
import { eventSourceOf } from '../../apps/agent/src/via/docker/eventSource.ts';
import { createEngineFinder } from '../../apps/agent/src/via/docker/everyEngine.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-events-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function engineAt(socket: string): Promise<Engine> {
  const version = await askVersion(socket);
  return { socket, kind: 'host', version, actor: { name: 'dockerd' }, docker: await openDocker(socket) };
}

it('tells what the engine says, on the follower’s clock, and goes on after the engine was restarted', async () => {
  const first = await startPrivateEngine({ folder });
  const { docker, ...rest } = await engineAt(first.socket);
  const events = new DockerEvents({ againMs: 100 });
  const records: RawRecord[] = [];
  const originNs = process.hrtime.bigint();
  events.follow(originNs, (record) => records.push(record));
  await events.add(eventSourceOf({ docker, ...rest }));
  expect(events.state).toMatchObject({ state: 'ok' });
  const topics = () => records.flatMap((one) => (one.kind === 'engine-event' ? [one.topic] : []));

  const before = Number(process.hrtime.bigint() - originNs) / 1e6;
  await docker.createVolume({ Name: 'one' });
  expect(await events.settle()).toBe(true);
  const after = Number(process.hrtime.bigint() - originNs) / 1e6;
  expect(topics()).toEqual(['volume create']);
  const told = records.find((one) => one.kind === 'engine-event');
  expect(told?.at).toBeGreaterThan(before - 2);
  expect(told?.at).toBeLessThan(after + 2);

  process.kill(first.pids.dockerd, 'SIGKILL');
  await first.ended;
  await expect
    .poll(() => events.state)
    .toMatchObject({ state: 'missing', why: expect.stringContaining('broken') });
  const second = await startPrivateEngine({ folder });
  await expect.poll(() => events.state.state, { timeout: 10_000 }).toBe('ok');
  await docker.createVolume({ Name: 'two' });
  await events.settle();
  expect(topics()).toEqual(['volume create', 'volume create']);
  expect(records.flatMap((one) => (one.kind === 'watcher' ? [one.state] : []))).toEqual([
    'ok',
    'missing',
    'ok',
  ]);
  await events.stop();
  await second.close();
});

it('finds an engine that begins to run, by its process, and lets go of one that has ended', async () => {
  const find = createEngineFinder();
  const events = new DockerEvents({ find, againMs: 50 });
  // No engine is no gap.
  expect(await events.start()).toMatchObject({ state: 'ok' });
  const engine = await startPrivateEngine({ folder });
  const isFound = async () => (await find()).some(({ socket }) => socket === engine.socket);
  await expect.poll(isFound, { timeout: 5000 }).toBe(true);
  const topics: string[] = [];
  events.follow(process.hrtime.bigint(), (record) => {
    if (record.kind === 'engine-event' && record.pid === engine.pids.dockerd) topics.push(record.topic);
  });
  const docker = await openDocker(engine.socket);
  let made = 0;
  const heard = async () => {
    await docker.createVolume({ Name: `volume-${made++}` });
    return topics.includes('volume create');
  };
  await expect.poll(heard, { timeout: 10_000, interval: 300 }).toBe(true);
  await engine.close();
  await expect.poll(isFound, { timeout: 5000 }).toBe(false);
  await expect.poll(() => events.state.state, { timeout: 5000 }).toBe('ok');
  await events.stop();
});
