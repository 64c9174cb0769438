import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Asking, ask, type Engine, openDocker } from '../../../apps/agent/src/via/docker/engine.ts';

let folder: string;
let server: Server | undefined;
const told: { type: string; step: string; data: Record<string, unknown> }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-engine-'));
  told.length = 0;
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function engineThat(answers?: RequestListener): Promise<Engine> {
  const socket = join(folder, 'docker.sock');
  if (answers) {
    server = createServer(answers);
    await new Promise<void>((resolve) => server?.listen(socket, resolve));
  }
  const version = { version: '28.0.0', apiVersion: '1.48', components: {} };
  return { socket, kind: 'host', version, actor: { name: 'dockerd' }, docker: await openDocker(socket) };
}

const asking: Asking = {
  cause: ['s0'],
  tell: {
    begin(step, data) {
      told.push({ type: 'begin', step, data });
      const end = (more = {}) => void told.push({ type: 'end', step, data: more });
      const fail = (error: unknown, more = {}) => end({ ...more, error: (error as { code: string }).code });
      return { span: `s${told.length}`, progress: () => {}, end, fail };
    },
    log: () => {},
    fact: () => {},
    spawned: () => {},
  },
};

describe('one request to an engine', () => {
  test('is told as it was sent, with the status of its answer', async () => {
    const engine = await engineThat((_request, response) => response.end('{"Containers":3}'));
    expect(await ask(engine, asking, (docker) => docker.info())).toEqual({ Containers: 3 });
    expect(told).toEqual([
      { type: 'begin', step: 'client/request', data: { protocol: 'http', method: 'GET', path: '/info' } },
      { type: 'end', step: 'client/request', data: { status: 200 } },
    ]);
  });

  test('that the engine refuses carries its words', async () => {
    const engine = await engineThat((_request, response) => {
      response.writeHead(409, { 'content-type': 'application/json' }).end('{"message":"no, not that"}');
    });
    await expect(ask(engine, asking, (docker) => docker.getContainer('x').start())).rejects.toMatchObject({
      code: 'engine-refused',
      status: 409,
      words: 'no, not that',
    });
    expect(told.at(-1)?.data).toMatchObject({ status: 409, error: 'engine-refused' });
  });

  test('that is never answered is given up with a clear error', async () => {
    const engine = await engineThat(() => {});
    await expect(
      ask(engine, { ...asking, timeoutMs: 100 }, (docker, abortSignal) =>
        docker.getContainer('x').start({ abortSignal }),
      ),
    ).rejects.toThrow('has not answered POST /containers/x/start for 0.1 s');
    expect(told.at(-1)?.data).toMatchObject({ error: 'engine-silent' });
  });

  test('whose answer breaks off in the middle does not wait for ever', async () => {
    const engine = await engineThat((_request, response) => {
      response.writeHead(200).write('{"Status');
      setTimeout(() => response.destroy(), 20);
    });
    await expect(
      ask(engine, { ...asking, timeoutMs: 0 }, (docker) => docker.getContainer('x').wait()),
    ).rejects.toMatchObject({ code: 'engine-unreachable' });
  });

  test('to an engine that is not there says so', async () => {
    await expect(ask(await engineThat(), asking, (docker) => docker.info())).rejects.toMatchObject({
      code: 'engine-unreachable',
      remedy: expect.stringContaining('--engine private'),
    });
  });
});
