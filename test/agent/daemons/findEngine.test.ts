import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { enginePlaces, findEngines, findHostEngine } from '../../../apps/agent/src/daemons/findEngine.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'underdock-home-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const sockets = (env: Record<string, string>) =>
  enginePlaces({ HOME: home, ...env }).places.map(({ socket }) => socket);

function context(name: string, host: string): void {
  const id = createHash('sha256').update(name).digest('hex');
  const folder = join(home, '.docker/contexts/meta', id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'meta.json'),
    JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }),
  );
}

test('DOCKER_HOST comes first, then the context, then the usual places', () => {
  context('lab', 'unix:///run/lab.sock');
  writeFileSync(join(home, '.docker/config.json'), '{"currentContext":"lab"}');
  expect(sockets({ DOCKER_HOST: 'unix:///run/x.sock' })).toEqual(['/run/x.sock']);
  expect(sockets({})).toEqual(['/run/lab.sock']);
  expect(sockets({ DOCKER_CONTEXT: 'default', XDG_RUNTIME_DIR: '/run/user/7' })).toEqual([
    '/var/run/docker.sock',
    '/run/user/7/docker.sock',
    join(home, '.docker/run/docker.sock'),
  ]);
});

test('an engine on another machine is not taken, and the error says why', async () => {
  context('far', 'ssh://somewhere');
  expect(enginePlaces({ HOME: home, DOCKER_CONTEXT: 'far' })).toEqual({
    places: [],
    elsewhere: 'ssh://somewhere',
  });
  await expect(findHostEngine({ HOME: home, DOCKER_HOST: 'tcp://1.2.3.4:2375' })).rejects.toMatchObject({
    code: 'no-engine',
    message: expect.stringContaining('not on this machine'),
  });
});

test('an engine says its version, and what is no engine says why it is none', async () => {
  const socket = join(home, 'docker.sock');
  const answers = [
    '{"Version":"28.1","ApiVersion":"1.49","Components":[{"Name":"runc","Version":"1.2"}]}',
    'hello',
  ];
  const server = createServer((_request, response) => response.end(answers.shift()));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const env = { HOME: home, DOCKER_HOST: `unix://${socket}` };
  expect(await findHostEngine(env)).toMatchObject({
    socket,
    version: { version: '28.1', apiVersion: '1.49', components: { runc: '1.2' } },
  });
  expect(await findEngines(env)).toMatchObject([
    { socket, why: expect.stringContaining('is no docker engine') },
  ]);
  server.close();
});
