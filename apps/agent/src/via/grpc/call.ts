import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { Actor } from '@underdock/trace';
import type { Tell } from '../../run/tell.ts';
import type { Daemon } from './daemon.ts';
import type { GrpcCode } from './failure.ts';
import type { Codec, Message } from './messages.ts';
import { Question } from './question.ts';

/** One call: on whose behalf it is made, and what is told of it besides its method. */
export interface Calling {
  tell: Tell;
  cause: string[];
  container?: string | undefined;
  /** Allow-listed fields of the message. */
  request?: Record<string, unknown>;
  /** The command that does the same, to be typed. */
  equivalent?: string;
  /** Who asks, and the step that it is told as, where that is not the client. */
  asker?: { step: string; actor: Actor };
  /** What the daemon does for it, told as an act of the daemon's. */
  act?: { step: string; data: Record<string, unknown>; ended?: (answer: never) => Record<string, unknown> };
  /** How long the answer may take (ms); 0 = as long as it takes. */
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
  metadata?: Record<string, string>;
  /** Refusals that are an answer as good as any, though the call rejects. */
  fine?: readonly GrpcCode[];
}

/** A daemon on a slow machine needs seconds to create or start; one that says nothing for so long hangs. */
const ANSWER_MS = 60_000;

/** Makes one call and tells it. Rejects with AgentError (see meaningOf), or with the signal's reason. */
export async function call<T extends object>(
  daemon: Daemon,
  method: string,
  message: Message,
  calling: Calling,
): Promise<T> {
  calling.signal?.throwIfAborted();
  const { request, answer, metadata, options } = prepare(daemon, method, calling);
  const question = new Question(daemon, method, calling);
  return new Promise<T>((resolve, reject) => {
    const { client } = daemon;
    const sent = client.makeUnaryRequest(
      `/${method}`,
      request.encode,
      answer.decode,
      message,
      metadata,
      options,
      (error, value) => {
        release();
        if (error) return reject(question.failed(error));
        question.answered(value);
        resolve(value as T);
      },
    );
    const release = question.cancels(() => sent.cancel());
  });
}

/** Makes one call and gives its answers as they come; told until the last. Throws as `call` rejects. */
export async function* readStream<T extends object>(
  daemon: Daemon,
  method: string,
  message: Message,
  calling: Calling,
): AsyncGenerator<T> {
  calling.signal?.throwIfAborted();
  const { request, answer, metadata, options } = prepare(daemon, method, calling);
  const question = new Question(daemon, method, calling);
  const { client } = daemon;
  const stream = client.makeServerStreamRequest(
    `/${method}`,
    request.encode,
    answer.decode,
    message,
    metadata,
    options,
  );
  const release = question.cancels(() => stream.cancel());
  try {
    yield* stream as AsyncIterable<T>;
    question.answered({});
  } catch (error) {
    throw question.failed(error);
  } finally {
    release();
    // A reader that has enough does not wait for the rest.
    stream.on('error', () => {});
    stream.cancel();
    question.answered({});
  }
}

/** A call in which both sides send: every message gets an answer. */
export interface Dialogue<T extends object> {
  /** Sends a message and resolves with the daemon's answer to it. */
  say(message: Message): Promise<T>;
  /** Ends the call; `told` is what came of it. */
  end(told?: Record<string, unknown>): void;
  /** Breaks the call off. */
  fail(error: unknown): void;
}

/** Opens a call in which both sides send; told from here to `end` or `fail`. */
export function openDialogue<T extends object>(
  daemon: Daemon,
  method: string,
  calling: Calling,
): Dialogue<T> {
  const { request, answer, metadata, options } = prepare(daemon, method, calling);
  const question = new Question(daemon, method, calling);
  const { client } = daemon;
  const stream = client.makeBidiStreamRequest(
    `/${method}`,
    request.encode,
    answer.decode,
    metadata,
    options,
  ) as ClientDuplexStream<Message, T>;
  const release = question.cancels(() => stream.cancel());
  const answers = stream[Symbol.asyncIterator]() as AsyncIterator<T>;
  // What breaks while nobody waits for an answer is met by the next one who does.
  stream.on('error', () => {});
  return {
    async say(message) {
      try {
        stream.write(message);
        const { value, done } = await answers.next();
        if (!done) return value;
        throw new Error(`${daemon.name} has ended ${method} before its last answer`);
      } catch (error) {
        release();
        throw question.failed(error);
      }
    },
    end(told) {
      release();
      stream.end();
      question.answered({}, told);
    },
    fail(error) {
      release();
      stream.cancel();
      question.failed(error);
    },
  };
}

function prepare(
  daemon: Daemon,
  method: string,
  { timeoutMs = ANSWER_MS, metadata }: Calling,
): { request: Codec; answer: Codec; metadata: ReturnType<Daemon['metadataOf']>; options: object } {
  return {
    ...daemon.messages.method(method),
    metadata: daemon.metadataOf(metadata),
    options: timeoutMs > 0 ? { deadline: Date.now() + timeoutMs } : {},
  };
}
