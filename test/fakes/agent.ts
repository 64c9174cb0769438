import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DoctorReport } from '@underdock/trace';
import { io, type Socket } from 'socket.io-client';
import { openLibrary } from '../../apps/agent/src/library/library.ts';
import { type Access, createAccess } from '../../apps/agent/src/server/access.ts';
import { type AgentServerOptions, createAgentServer } from '../../apps/agent/src/server/agentServer.ts';
import { createFace, type FaceOptions } from '../../apps/agent/src/server/face.ts';
import { createPlainRuns } from './plainRuns.ts';

export const REPORT: DoctorReport = {
  host: { kernel: '6', arch: 'x86_64', os: 'Debian', cgroup: 'v2', root: true, environment: [] },
  can: { vias: ['embedded'], runtimes: ['runc'], watch: [] },
  checks: [{ name: 'overlay', state: 'ok', found: 'overlayfs can be mounted' }],
  versions: {},
};

/** A real server on a free port of loopback, with runs of plain processes behind it. */
export async function startAgent(
  face: Partial<FaceOptions> = {},
  more: Partial<AgentServerOptions> = {},
): Promise<TestAgent> {
  const folder = mkdtempSync(join(tmpdir(), 'underdock-agent-'));
  const runs = createPlainRuns(folder);
  const library = openRunsLibrary(folder, runs);
  const access = createAccess();
  const log: string[] = [];
  const server = createAgentServer({
    runs,
    library,
    access,
    stateDir: folder,
    face: createFace({ host: '127.0.0.1', ...face }),
    pageFolder: join(folder, 'page'),
    doctor: async () => REPORT,
    health: { version: '0.1.0', instance: 'test' },
    log: (line) => log.push(line),
    ...more,
  });
  const port = await server.listen(0, '127.0.0.1');
  const sockets: Socket[] = [];
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    folder,
    access,
    runs,
    log,
    call: (path, options = {}) => call(url, path, access, options),
    socket(token, options = {}) {
      const socket = connect(url, token, options);
      sockets.push(socket);
      return socket;
    },
    async close() {
      for (const socket of sockets) socket.disconnect();
      await runs.close();
      await server.close();
      library.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function connect(
  url: string,
  token: string | undefined,
  options: NonNullable<Parameters<TestAgent['socket']>[1]>,
): Socket {
  return io(options.url ?? url, {
    auth: { token },
    path: options.path ?? '/socket.io/',
    transports: [options.transport ?? 'websocket'],
    reconnection: false,
    forceNew: true,
    ...(options.headers && { extraHeaders: options.headers }),
  });
}

function openRunsLibrary(stateDir: string, runs: ReturnType<typeof createPlainRuns>) {
  const growing = (id: string) => (runs.get(id)?.closed === false ? runs.get(id)?.summary() : undefined);
  return openLibrary({ stateDir, growing, forget: (id) => runs.forget(id) });
}

export interface CallOptions {
  method?: string;
  token?: string | null;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface TestAgent {
  url: string;
  port: number;
  folder: string;
  access: Access;
  runs: ReturnType<typeof createPlainRuns>;
  log: string[];
  call(
    path: string,
    options?: CallOptions,
  ): Promise<{ status: number; body: never; headers: Headers; text: string }>;
  socket(
    token: string | undefined,
    options?: { transport?: string; headers?: Record<string, string>; url?: string; path?: string },
  ): Socket;
  close(): Promise<void>;
}

async function call(url: string, path: string, access: Access, options: CallOptions) {
  const { method = 'GET', token = access.drive, body, headers = {} } = options;
  const response = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers: {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && {
      body: typeof body === 'string' || body instanceof Blob ? body : JSON.stringify(body),
    }),
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('application/json');
  return {
    status: response.status,
    body: (json && text !== '' ? JSON.parse(text) : undefined) as never,
    headers: response.headers,
    text,
  };
}

/** The first message of this name that fits. */
export function heard<T>(
  socket: Socket,
  name: string,
  fits: (message: T) => boolean = () => true,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name} came within 5 s`)), 5000);
    socket.on(name, function take(message: T) {
      if (!fits(message)) return;
      clearTimeout(timer);
      socket.off(name, take);
      resolve(message);
    });
  });
}
