import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import type { RawRecord, SelfRecord } from '@underdock/weave';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTeller } from '../../../apps/agent/src/run/teller.ts';
import { type Calling, call, openDialogue, readStream } from '../../../apps/agent/src/via/grpc/call.ts';
import { type Daemon, openDaemon } from '../../../apps/agent/src/via/grpc/daemon.ts';
import { meaningOf } from '../../../apps/agent/src/via/grpc/failure.ts';
import { loadMessages, type Message } from '../../../apps/agent/src/via/grpc/messages.ts';

const SERVICE = 'containerd.services.tasks.v1.Tasks';
const CONTENT = 'containerd.services.content.v1.Content';
const PROTOS = ['containerd/tasks', 'containerd/content'];
const remedies = { start: 'start it', permission: 'be root', version: 'take 1.6 or later' };

let folder: string;
let socket: string;
let daemon: Daemon;
let server: Server | undefined;
let records: SelfRecord[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-grpc-'));
  socket = join(folder, 'containerd.sock');
  records = [];
  daemon = await openDaemon({
    name: 'containerd',
    socket,
    actor: { name: 'containerd' },
    protos: PROTOS,
    metadata: { 'containerd-namespace': 'underdock' },
    remedies,
  });
});

afterEach(() => {
  daemon.close();
  server?.forceShutdown();
  server = undefined;
  rmSync(folder, { recursive: true });
});

function calling(more: Partial<Calling> = {}): Calling {
  let spans = 0;
  const add = (record: RawRecord) => void records.push(record as SelfRecord);
  const tell = createTeller({ add, newSpan: () => `s${++spans}`, now: () => 0 });
  return { tell, cause: ['s0'], ...more };
}

type Answers = Record<string, unknown>;

/** A real gRPC server at the socket; what is not among the answers it does not know. */
async function serve(service: string, answers: Answers): Promise<void> {
  const messages = await loadMessages(PROTOS);
  server = new Server();
  const definition = Object.fromEntries(
    Object.keys(answers).map((verb) => {
      const path = `/${service}/${verb}`;
      const { request, answer } = messages.method(path);
      const streams = {
        requestStream: verb === 'Write',
        responseStream: verb === 'Write' || verb === 'Read',
      };
      const codecs = {
        requestSerialize: request.encode,
        requestDeserialize: request.decode,
        responseSerialize: answer.encode,
        responseDeserialize: answer.decode,
      };
      return [verb, { path, ...streams, ...codecs }];
    }),
  );
  server.addService(definition, answers as never);
  await new Promise<void>((resolve, reject) =>
    server!.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
}

describe('a call', () => {
  test('sends its message and metadata, gives every field of the answer, and is told with its outcome', async () => {
    let seen: { message: Message; metadata: Metadata } | undefined;
    await serve(SERVICE, {
      Start(got: ServerUnaryCall<Message, Message>, answer: sendUnaryData<Message>) {
        seen = { message: got.request, metadata: got.metadata };
        answer(null, { pid: 4711 });
      },
    });
    const ended = ({ pid }: { pid: number }) => ({ pid });
    const act = { step: 'high-level/start-task', data: { id: 'c1' }, ended };
    const answer = await call(
      daemon,
      `${SERVICE}/Start`,
      { containerId: 'c1' },
      calling({ container: 'c1', request: { container: 'c1' }, equivalent: 'ctr task start c1', act }),
    );

    expect(answer).toEqual({ pid: 4711 });
    expect(seen?.message).toEqual({ containerId: 'c1', execId: '' });
    expect(seen?.metadata.get('containerd-namespace')).toEqual(['underdock']);
    expect(records.map(({ step, type }) => `${type} ${step}`)).toEqual([
      'begin client/request',
      'begin high-level/start-task',
      'end high-level/start-task',
      'end client/request',
    ]);
    expect(records[0]).toMatchObject({
      ...{ cause: ['s0'], container: 'c1' },
      data: { protocol: 'grpc', method: `${SERVICE}/Start`, equivalent: 'ctr task start c1' },
      evidence: [{ source: 'grpc' }],
    });
    expect(records[1]).toMatchObject({ cause: ['s1', 's0'], actor: { name: 'containerd' } });
    expect(records[2]).toMatchObject({ data: { pid: 4711 } });
    expect(records[3]).toMatchObject({ data: { code: 'OK' } });
  });

  test('that is refused rejects with the daemon’s words and gRPC’s status', async () => {
    await serve(SERVICE, {
      Start: (_: unknown, answer: sendUnaryData<Message>) =>
        answer({ code: status.NOT_FOUND, details: 'no running task found' }),
    });
    await expect(call(daemon, `${SERVICE}/Start`, {}, calling())).rejects.toMatchObject({
      code: 'daemon-refused',
      status: 'NOT_FOUND',
      words: 'no running task found',
    });
    expect(records.at(-1)).toMatchObject({
      type: 'end',
      data: { code: 'NOT_FOUND', error: 'daemon-refused' },
    });
  });

  test('whose refusal is fine is told without an error', async () => {
    await serve(SERVICE, {
      Start: (_: unknown, answer: sendUnaryData<Message>) => answer({ code: status.NOT_FOUND }),
    });
    await call(daemon, `${SERVICE}/Start`, {}, calling({ fine: ['NOT_FOUND'] })).catch(() => {});
    expect(records.at(-1)?.data).toEqual({ code: 'NOT_FOUND' });
  });

  test('of a method that the daemon does not know says so, with what to do', async () => {
    await serve(CONTENT, { Abort: () => {} });
    await expect(call(daemon, `${SERVICE}/Start`, {}, calling())).rejects.toMatchObject({
      code: 'wrong-api',
      message: expect.stringContaining(`does not know ${SERVICE}/Start`),
      remedy: 'take 1.6 or later',
    });
  });

  test('that is not answered in time rejects', async () => {
    await serve(SERVICE, { Start: () => {} });
    await expect(call(daemon, `${SERVICE}/Start`, {}, calling({ timeoutMs: 50 }))).rejects.toMatchObject({
      code: 'daemon-silent',
    });
  });

  test('that is called off rejects with the reason', async () => {
    await serve(SERVICE, { Start: () => {} });
    const over = new AbortController();
    const asked = call(daemon, `${SERVICE}/Start`, {}, calling({ signal: over.signal }));
    over.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    expect(records.at(-1)).toMatchObject({ type: 'end', step: 'client/request' });
  });

  test('to no socket, or to one where nobody listens, says what to start', async () => {
    await expect(call(daemon, `${SERVICE}/Start`, {}, calling())).rejects.toMatchObject({
      code: 'daemon-unreachable',
      message: `containerd at ${socket} can’t be asked: there is no such socket`,
      remedy: 'start it',
    });
  });

  test('to a socket that this user may not open says who may', () => {
    const details = `No connection established. Last error: connect EACCES ${socket}`;
    expect(meaningOf(daemon, 'x/Y', { code: status.UNAVAILABLE, details })).toMatchObject({
      code: 'daemon-unreachable',
      message: `containerd at ${socket} can’t be asked: this user may not`,
      remedy: 'be root',
    });
  });

  test('to what speaks another protocol rejects as a broken connection', async () => {
    const other = createServer((stream) => stream.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => void other.listen(socket, resolve));
    await expect(call(daemon, `${SERVICE}/Start`, {}, calling())).rejects.toMatchObject({
      code: 'daemon-lost',
    });
    other.close();
  });
});

describe('a stream of answers', () => {
  test('is read to its end', async () => {
    await serve(CONTENT, {
      Read(stream: ServerWritableStream<Message, Message>) {
        stream.write({ offset: 0, data: Buffer.from('ab') });
        stream.write({ offset: 2, data: Buffer.from('c') });
        stream.end();
      },
    });
    const pieces: Buffer[] = [];
    const answers = readStream<{ data: Buffer }>(daemon, `${CONTENT}/Read`, { digest: 'x' }, calling());
    for await (const { data } of answers) pieces.push(data);
    expect(Buffer.concat(pieces).toString()).toBe('abc');
    expect(records.map(({ type }) => type)).toEqual(['begin', 'end']);
  });

  test('that a reader leaves is told as ended, once', async () => {
    await serve(CONTENT, {
      Read: (stream: ServerWritableStream<Message, Message>) =>
        stream.write({ offset: 0, data: Buffer.from('a') }),
    });
    for await (const _ of readStream(daemon, `${CONTENT}/Read`, {}, calling())) break;
    expect(records.map(({ type }) => type)).toEqual(['begin', 'end']);
  });
});

describe('a dialogue', () => {
  test('answers each message, and rejects when the daemon refuses', async () => {
    await serve(CONTENT, {
      Write(stream: ServerDuplexStream<Message, Message>) {
        stream.on('data', ({ action, data }: { action: string; data: Buffer }) => {
          if (action === 'WRITE') stream.write({ action, offset: data.length });
          else stream.emit('error', { code: status.FAILED_PRECONDITION, details: 'unexpected digest' });
        });
      },
    });
    const dialogue = openDialogue<{ offset: string }>(daemon, `${CONTENT}/Write`, calling());
    expect(await dialogue.say({ action: 'WRITE', ref: 'r', data: Buffer.from('four') })).toMatchObject({
      offset: '4',
    });
    await expect(dialogue.say({ action: 'COMMIT' })).rejects.toMatchObject({ words: 'unexpected digest' });
    dialogue.end();
    expect(records.map(({ type }) => type)).toEqual(['begin', 'end']);
  });
});
