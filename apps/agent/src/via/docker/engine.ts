import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Actor } from '@underdock/trace';
import type Docker from 'dockerode';
import { type EngineVersion, unreachable } from '../../daemons/findEngine.ts';
import type { NetDoor } from '../../daemons/netDoor.ts';
import { AgentError } from '../../error.ts';
import type { Tell, Telling } from '../../run/tell.ts';

/** A Docker engine that answers, and how to command it. */
export interface Engine {
  socket: string;
  kind: 'host' | 'private';
  /** Of a private one: without or with a bridge. */
  network?: 'none' | 'bridge' | undefined;
  version: EngineVersion;
  /** dockerd, as events name it. */
  actor: Actor;
  docker: Docker;
  /** Leads into the engine's network namespace, where it is not the host's. */
  door?: NetDoor | undefined;
  /** How one of underdock's own has died; undefined while it lives. Nobody starts it again for the runs that it had. */
  death?: () => string | undefined;
}

/** One request: on whose behalf it is made, and what is told of it besides method, path and status. */
export interface Asking {
  tell: Tell;
  cause: string[];
  container?: string | undefined;
  /** Allow-listed fields of the request's body. */
  request?: Record<string, unknown>;
  /** What the engine does for it, told as an act of the engine's. */
  act?: { step: string; data: Record<string, unknown>; ended?: (answer: unknown) => Record<string, unknown> };
  /** How long the answer may take (ms); 0 = as long as it takes. */
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
  /** Statuses that are an answer as good as any, though not a success. */
  fine?: readonly number[];
}

/** An engine on a slow machine needs seconds to create or start; one that says nothing for so long hangs. */
const ANSWER_MS = 60_000;

const asked = new AsyncLocalStorage<Question>();

/** Opens the client for a socket. The library is loaded here and not before: it takes a quarter of a second. */
export async function openDocker(socket: string): Promise<Docker> {
  const { default: Client } = await import('dockerode');
  followRequests();
  // With an address of its own in the environment the library would not take the socket.
  return new Client({ socketPath: socket, host: '' });
}

let following = false;

/** Node says which requests it makes: what is told is what was sent, whatever the library makes of a call. */
function followRequests(): void {
  if (following) return;
  following = true;
  subscribe('http.client.request.created', (message) => {
    asked.getStore()?.meet((message as { request: ClientRequest }).request);
  });
}

/**
 * Makes one request and tells it. Rejects with AgentError: `engine-unreachable`, `engine-silent` when it takes too long,
 * `engine-refused` with the engine's own words, or with the signal's reason.
 */
export async function ask<T>(
  engine: Engine,
  asking: Asking,
  call: (docker: Docker, abortSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { timeoutMs = ANSWER_MS, signal } = asking;
  signal?.throwIfAborted();
  const question = new Question(engine, asking);
  const own = new AbortController();
  const abort = () => own.abort(signal?.reason);
  signal?.addEventListener('abort', abort);
  const late = timeoutMs > 0 && setTimeout(() => own.abort(silent(engine, question, timeoutMs)), timeoutMs);
  try {
    const answer = await Promise.race([
      asked.run(question, () => call(engine.docker, own.signal)),
      question.broken,
    ]);
    question.answered(answer);
    return answer;
  } catch (cause) {
    const error = own.signal.aborted ? own.signal.reason : meaning(engine, cause);
    question.failed(error);
    throw error;
  } finally {
    if (late) clearTimeout(late);
    signal?.removeEventListener('abort', abort);
  }
}

/** What is told of one request, from its beginning to its answer. */
class Question {
  #engine: Engine;
  #asking: Asking;
  #telling: Telling | undefined;
  #act: Telling | undefined;
  #status: number | undefined;
  #stream: IncomingMessage | undefined;
  line = 'a request';
  /** Rejects when the connection breaks in the middle of an answer: that the library would not notice. */
  readonly broken: Promise<never>;
  #break: (error: Error) => void = () => {};

  constructor(engine: Engine, asking: Asking) {
    this.#engine = engine;
    this.#asking = asking;
    this.broken = new Promise((_resolve, reject) => {
      this.#break = reject;
    });
    this.broken.catch(() => {});
  }

  /** The request as it is sent. */
  meet(request: ClientRequest): void {
    if (this.#telling) return;
    const { method, path: whole } = request;
    const [path = '', query] = whole.split('?', 2);
    const { tell, cause, container, request: fields, act } = this.#asking;
    const about = { cause, ...(container ? { container } : {}) };
    const sent = { protocol: 'http', method, path, ...(query ? { query } : {}) };
    this.line = `${method} ${path}`;
    this.#telling = tell.begin(
      'client/request',
      { ...sent, ...(fields ? { request: fields } : {}) },
      { ...about, evidence: [{ source: 'http', raw: sent }] },
    );
    const told = { ...about, cause: [this.#telling.span, ...cause], actor: this.#engine.actor };
    this.#act = act && tell.begin(act.step, act.data, { ...told, evidence: [{ source: 'http', raw: sent }] });
    request.once('response', (response) => {
      this.#status = response.statusCode;
      this.#stream = response;
      response.once('close', () => {
        if (!response.complete)
          this.#break(Object.assign(new Error('the connection broke'), { code: 'EPIPE' }));
      });
    });
    if (request.getHeader('upgrade')) {
      request.once('upgrade', () => {
        this.#status = 101;
      });
    }
  }

  /** A stream's request ends with the stream. */
  answered(answer: unknown): void {
    const end = () => {
      const { ended } = this.#asking.act ?? {};
      this.#act?.end(ended?.(answer) ?? {}, this.#evidence());
      this.#telling?.end(this.#outcome(), this.#evidence());
    };
    if (this.#status !== 101 && answer === this.#stream) this.#stream?.once('close', end);
    else end();
  }

  failed(error: unknown): void {
    this.#act?.fail(error);
    const fine = error instanceof EngineRefusal && this.#asking.fine?.includes(error.status);
    if (fine) this.#telling?.end(this.#outcome(), this.#evidence());
    else this.#telling?.fail(error, this.#outcome());
  }

  #outcome(): Record<string, unknown> {
    if (this.#status === undefined) return {};
    return this.#status === 101 ? { status: 101, hijacked: true } : { status: this.#status };
  }

  #evidence() {
    return [{ source: 'http' as const, raw: this.#outcome() }];
  }
}

function silent({ socket }: Engine, { line }: Question, timeoutMs: number): AgentError {
  return new AgentError(
    'engine-silent',
    `the docker engine at ${socket} has not answered ${line} for ${timeoutMs / 1000} s`,
    { remedy: 'look at the engine’s log (journalctl -u docker), and restart it if it hangs' },
  );
}

/** The engine's own words come as JSON beside the status. */
function meaning(engine: Engine, cause: unknown): unknown {
  const { statusCode, json, message, code } = cause as {
    statusCode?: number;
    json?: { message?: unknown };
    message?: string;
    code?: string;
  };
  if (statusCode !== undefined) return new EngineRefusal(statusCode, String(json?.message ?? message), cause);
  if (code !== undefined || message === 'socket hang up')
    return unreachable(engine.socket, cause as NodeJS.ErrnoException);
  return cause;
}

/** The engine answered, and its answer was no: its words, and the HTTP status. */
export class EngineRefusal extends AgentError {
  readonly status: number;
  /** Without the prefix that the whole message has. */
  readonly words: string;
  constructor(status: number, words: string, cause: unknown) {
    super('engine-refused', `the docker engine refuses (${status}): ${words}`, { cause });
    this.status = status;
    this.words = words;
  }
}
