import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { runRequestSchema } from '@underdock/trace';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CriRuntime } from '../../../apps/agent/src/via/cri/ask.ts';
import { runByCri } from '../../../apps/agent/src/via/cri/criRun.ts';
import { readEntries } from '../../../apps/agent/src/via/cri/journal.ts';
import { silentTell } from '../../../apps/agent/src/via/embedded/lowLevel/silentTell.ts';
import { openDaemon } from '../../../apps/agent/src/via/grpc/daemon.ts';
import { loadMessages, type Message } from '../../../apps/agent/src/via/grpc/messages.ts';
import type { ViaContext } from '../../../apps/agent/src/via/via.ts';

type Answer = (request: Message) => Message | number;

let folder: string;
let server: Server;
let closed: number;
const asked: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-cri-'));
  asked.length = 0;
  closed = 0;
});
afterEach(() => {
  server.forceShutdown();
  rmSync(folder, { recursive: true });
});

/** A runtime that answers as it is told to; a number is the status that it refuses with. */
async function serve(
  answers: Record<'RuntimeService' | 'ImageService', Record<string, Answer>>,
): Promise<CriRuntime> {
  const messages = await loadMessages(['cri/runtime']);
  server = new Server();
  for (const [service, verbs] of Object.entries(answers)) {
    const definition: Record<string, object> = {};
    const served: Record<string, object> = {};
    for (const [verb, answer] of Object.entries(verbs)) {
      const path = `/runtime.v1.${service}/${verb}`;
      const { request, answer: said } = messages.method(path);
      definition[verb] = {
        ...{ path, requestStream: false, responseStream: false },
        ...{ requestSerialize: request.encode, requestDeserialize: request.decode },
        ...{ responseSerialize: said.encode, responseDeserialize: said.decode },
      };
      served[verb] = (got: ServerUnaryCall<Message, Message>, send: sendUnaryData<Message>) => {
        asked.push(verb);
        const given = answer(got.request);
        if (typeof given === 'number') send({ code: given, details: 'no' });
        else send(null, given);
      };
    }
    server.addService(definition as never, served as never);
  }
  const socket = join(folder, 'cri.sock');
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  const remedies = { start: '', permission: '', version: '' };
  const daemon = await openDaemon({
    name: 'cri',
    socket,
    actor: { name: 'cri' },
    protos: ['cri/runtime'],
    remedies,
  });
  const close = () => {
    closed++;
    daemon.close();
  };
  return { daemon: { ...daemon, close }, kind: 'host', cgroup: undefined, networkReady: true };
}

async function outcomeOf(runtime: CriRuntime) {
  const context: ViaContext = {
    ...{ runId: 'r1', tell: silentTell, clientSpan: 's0', stateDir: folder, allowedMounts: [] },
    ...{ output() {}, waiting: async () => {}, state() {} },
  };
  const parts = { runtime: async () => runtime, stateDir: folder, name: 'box' };
  return runByCri(parts, runRequestSchema.parse({ image: 'house/x:1' }), context).done;
}

const image = { ImageStatus: () => ({ image: { id: `sha256:${'1'.repeat(64)}` } }) };

test('a pod whose making was broken off before its id was told is looked for by its label, and removed', async () => {
  const runtime = await serve({
    RuntimeService: {
      RunPodSandbox: () => status.DEADLINE_EXCEEDED,
      ListPodSandbox: (request) =>
        JSON.stringify(request).includes('"underdock.run":"r1"') ? { items: [{ id: 'left' }] } : {},
      StopPodSandbox: ({ podSandboxId }) => (podSandboxId === 'left' ? {} : status.NOT_FOUND),
      RemovePodSandbox: ({ podSandboxId }) => (podSandboxId === 'left' ? {} : status.NOT_FOUND),
    },
    ImageService: image,
  });
  expect(await outcomeOf(runtime)).toMatchObject({ exitCode: 125 });
  expect(asked.slice(-3)).toEqual(['ListPodSandbox', 'StopPodSandbox', 'RemovePodSandbox']);
  expect(readEntries(folder)).toEqual([]);
  expect(existsSync(join(folder, 'cri', 'logs', 'r1'))).toBe(false);
  expect(closed).toBe(1);
});

test('a run that comes to nothing before there is a pod leaves no connection', async () => {
  const runtime = await serve({
    RuntimeService: { Version: () => ({}) },
    ImageService: { ImageStatus: () => ({}), PullImage: () => status.NOT_FOUND },
  });
  expect(await outcomeOf(runtime)).toMatchObject({ error: { code: 'no-such-image' } });
  expect(closed).toBe(1);
});
