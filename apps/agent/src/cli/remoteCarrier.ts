import type { EventsMessage, HeaderMessage, Problem, RunRequest, RunSummary } from '@underdock/trace';
import { io, type Socket } from 'socket.io-client';
import { AgentError } from '../error.ts';
import type { AgentRecord } from './agentFile.ts';
import type { Carrier, CommandedRun, RunEnd, RunListeners } from './commandedRun.ts';

const CONNECT_MS = 10_000;
/** An `input` message carries no more bytes than this: base64 makes a third more of them. */
const MAX_INPUT = 64 * 1024;

/** Runs in the agent of the same user, so that they show in its page. Throws AgentError `agent-gone`. */
export async function carryThere(agent: AgentRecord): Promise<Carrier> {
  const socket = await connect(agent);
  const api = createApi(agent);
  return {
    outlives: true,
    close: async () => void socket.disconnect(),
    start: (request, listeners) => startThere(request, listeners, socket, api),
  };
}

/** A connection to the agent’s socket. Throws AgentError `agent-gone`. */
export async function connect(agent: AgentRecord): Promise<Socket> {
  const socket = io(agent.url, {
    auth: { token: agent.token, client: 'cli' },
    path: '/socket.io/',
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
  });
  await new Promise<void>((resolve, reject) => {
    const gone = (cause?: unknown) => reject(agentGone(cause));
    setTimeout(gone, CONNECT_MS).unref();
    socket.once('connect', resolve);
    socket.once('connect_error', gone);
  });
  return socket;
}

/** Asks the agent by HTTP: the path is what follows `api/`. Throws AgentError with what it answered. */
export type Api = (method: string, path: string, body?: unknown) => Promise<unknown>;

/** The agent’s HTTP face with its token. */
export function createApi(agent: AgentRecord): Api {
  return async (method, path, body) => {
    const response = await fetch(new URL(`api/${path}`, agent.url), {
      method,
      headers: {
        authorization: `Bearer ${agent.token}`,
        'x-underdock-client': 'cli',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }).catch((cause) => {
      throw agentGone(cause);
    });
    const text = await response.text();
    const answer = text === '' ? undefined : JSON.parse(text);
    if (response.ok) return answer;
    const { code, message, remedy } = (answer as Problem).error;
    throw new AgentError(code, message, remedy === undefined ? {} : { remedy });
  };
}

async function startThere(
  request: RunRequest,
  listeners: RunListeners,
  socket: Socket,
  api: Api,
): Promise<CommandedRun> {
  const { id } = (await api('POST', 'runs', request)) as { id: string };
  const closed = followThere(id, listeners, socket);
  await tell(socket, 'attach', { run: id });
  await tell(socket, 'follow', { run: id, fromSeq: 1 });
  const summary = async () => (await api('GET', `runs/${id}`)) as RunSummary;
  return {
    id,
    summary,
    done: closed.then(async () => endOf(await settled(summary))),
    async input(bytes) {
      for (let from = 0; from < bytes.length; from += MAX_INPUT) {
        const base64 = Buffer.from(bytes.subarray(from, from + MAX_INPUT)).toString('base64');
        await tell(socket, 'input', { run: id, base64 });
      }
    },
    endInput: () => socket.emit('input', { run: id, end: true }),
    resize: (cols, rows) => socket.emit('resize', { run: id, cols, rows }),
    release: () => void api('POST', `runs/${id}/release`).catch(() => {}),
    stop: async (options = {}) => void (await api('POST', `runs/${id}/stop`, options)),
  };
}

/** Resolves when the trace is closed; rejects when the agent is gone. */
function followThere(id: string, listeners: RunListeners, socket: Socket): Promise<void> {
  let known = false;
  return new Promise((resolve, reject) => {
    socket.on('output', (message: { run: string; stream: 'stdout' | 'stderr'; bytes: Uint8Array }) => {
      if (message.run === id) listeners.output(message.stream, message.bytes);
    });
    socket.on('header', (message: HeaderMessage) => {
      if (message.run === id && !known) listeners.header(message.header);
      known ||= message.run === id;
    });
    socket.on('events', (message: EventsMessage) => {
      if (message.run !== id) return;
      listeners.events(message.events);
      if (message.closed) resolve();
    });
    socket.on('disconnect', () => reject(agentGone()));
  });
}

/** The summary says how it ended a moment after the trace is closed. */
async function settled(summary: () => Promise<RunSummary>): Promise<RunSummary> {
  for (let tries = 0; ; tries++) {
    const found = await summary();
    if (found.exitCode !== undefined || tries >= 100) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function endOf({ exitCode = 125, error }: RunSummary): RunEnd {
  return { exitCode, ...(error !== undefined && { error: { code: 'run-failed', message: error } }) };
}

/** Sends a message and waits for its acknowledgement. Throws AgentError when it is refused. */
export async function tell(socket: Socket, name: string, message: object): Promise<void> {
  const answer = (await socket.emitWithAck(name, message)) as { ok: true } | Problem;
  if ('error' in answer) {
    const { code, message: says, remedy } = answer.error;
    throw new AgentError(code, says, remedy === undefined ? {} : { remedy });
  }
}

function agentGone(cause?: unknown): AgentError {
  return new AgentError('agent-gone', 'the running agent does not answer any more', {
    remedy: 'start it again with underdock up, or give --state DIR to run without it',
    cause,
  });
}
