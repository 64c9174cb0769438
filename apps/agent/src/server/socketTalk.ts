import {
  followSchema,
  inputSchema,
  type Problem,
  resizeSchema,
  type TraceEvent,
  unfollowSchema,
} from '@underdock/trace';
import type { Socket } from 'socket.io';
import type { z } from 'zod';
import type { Run } from '../run/runs.ts';
import type { Role } from './access.ts';
import type { Bucket } from './bucket.ts';
import { Follower } from './follower.ts';
import { type Answer, answerFor, firstIssue, problem } from './problem.ts';
import type { SocketOptions } from './socket.ts';
import { type Followable, followable } from './storedTrace.ts';

/** A socket follows no more runs than this at once. */
const MAX_FOLLOWED = 64;
/** So many bytes go between one client and one container before what was sent first has arrived. */
const MAX_AHEAD = 4 * 1024 * 1024;
/** After so many refused messages a socket is closed: it does not listen to answers. */
const MAX_REFUSED = 1000;

type Acknowledge = (answer: { ok: true } | Problem) => void;

/** The conversation with one client. Every message is checked, and acknowledged with `{ok: true}` or a Problem. */
export class SocketTalk {
  readonly #socket: Socket;
  readonly #options: SocketOptions;
  readonly #bucket: Bucket;
  readonly #followers = new Map<string, Follower>();
  readonly #attached = new Map<string, () => void>();
  #refused = 0;
  #typed = 0;

  constructor(socket: Socket, options: SocketOptions, bucket: Bucket) {
    this.#socket = socket;
    this.#options = options;
    this.#bucket = bucket;
  }

  listen(): void {
    const find = (id: string) => followable(this.#options.runs, id);
    this.#on('follow', followSchema, 'watch', (run, { fromSeq }) => this.#follow(run, fromSeq), find);
    const unfollow = (run: { id: string }) => {
      this.#followers.get(run.id)?.stop();
      this.#followers.delete(run.id);
    };
    const followed = (id: string) => (this.#followers.has(id) ? { id } : this.#options.runs.get(id));
    this.#on('unfollow', unfollowSchema, 'watch', unfollow, followed);
    this.#on('attach', unfollowSchema, 'drive', (run) => this.#attach(run));
    this.#on('resize', resizeSchema, 'drive', (run, { cols, rows }) => run.resize(cols, rows));
    this.#on('input', inputSchema, 'drive', async (run, { base64, end }) => {
      if (base64 !== '') await this.#input(run, Buffer.from(base64, 'base64'));
      if (end) run.endInput();
    });
    this.#socket.onAny((name: string, ...args: unknown[]) => {
      const acknowledge = args.at(-1);
      if (this.#socket.listenerCount(name) > 0 || typeof acknowledge !== 'function') return;
      acknowledge(
        problem(404, 'unknown-message', `there is no message ${String(name).slice(0, 40)}`).problem,
      );
    });
    this.#socket.on('disconnect', () => this.#close());
  }

  #on<S extends z.ZodType<{ run: string }>, R extends { id: string } = Run>(
    name: string,
    schema: S,
    role: Role,
    act: (run: R, message: z.output<S>) => void | Promise<void>,
    find: (id: string) => R | undefined | Promise<R | undefined> = (id) =>
      this.#options.runs.get(id) as R | undefined,
  ): void {
    this.#socket.on(name, async (message: unknown, acknowledge?: unknown) => {
      const answer: Acknowledge =
        typeof acknowledge === 'function' ? (acknowledge as Acknowledge) : this.#countIfRefused();
      try {
        const parsed = schema.safeParse(message);
        const refused = this.#refusal(name, role, parsed);
        if (refused) return answer(refused.problem);
        const run = parsed.success ? await find(parsed.data.run) : undefined;
        if (!run) return answer(problem(404, 'run-not-found', 'there is no such run any more').problem);
        await act(run, parsed.data as z.output<S>);
        answer({ ok: true });
      } catch (error) {
        const failed = answerFor(error);
        if (failed.ours) this.#options.log(`${name}: ${(error as Error)?.stack ?? error}`);
        answer(failed.problem);
      }
    });
  }

  #refusal(name: string, role: Role, parsed: z.ZodSafeParseResult<unknown>): Answer | undefined {
    if (!this.#bucket.take()) {
      this.#count();
      return problem(429, 'too-many-messages', 'messages come too fast', 'wait for each acknowledgement');
    }
    if (role === 'drive' && (this.#socket.data as { role: Role }).role !== 'drive') {
      return problem(403, 'watch-only', 'this link may only look', 'open the drive link to act');
    }
    if (parsed.success) return undefined;
    return problem(400, 'bad-message', `${name}: ${firstIssue(parsed.error)}`);
  }

  #countIfRefused(): Acknowledge {
    return (answer) => {
      if ('error' in answer) this.#count();
    };
  }

  #count(): void {
    this.#refused++;
    if (this.#refused > MAX_REFUSED) this.#socket.disconnect(true);
  }

  #follow(run: Followable, fromSeq: number): void {
    const before = this.#followers.get(run.id);
    before?.stop();
    if (!before && this.#followers.size >= MAX_FOLLOWED) {
      const oldest = this.#followers.keys().next().value!;
      this.#followers.get(oldest)?.stop();
      this.#followers.delete(oldest);
    }
    this.#socket.emit('header', { run: run.id, header: run.header });
    const follower = new Follower(run, fromSeq, {
      send: (events: TraceEvent[], closed: boolean) =>
        this.#socket.emit('events', { run: run.id, events, closed }),
      drained: () => drained(this.#socket),
    });
    this.#followers.set(run.id, follower);
  }

  /** Who waits for each acknowledgement never gets near the limit. */
  async #input(run: Run, bytes: Uint8Array): Promise<void> {
    if (this.#typed + bytes.length > MAX_AHEAD) {
      throw Object.assign(new Error('the container has not taken yet what was typed before'), {
        code: 'too-many-bytes',
        remedy: 'wait for each acknowledgement',
      });
    }
    this.#typed += bytes.length;
    try {
      await run.input(bytes);
    } finally {
      this.#typed -= bytes.length;
    }
  }

  #attach(run: Run): void {
    this.#attached.get(run.id)?.();
    let sent = 0;
    let waiting: Promise<unknown> | undefined;
    const stop = this.#options.rawOutputs.attach(run, (stream, bytes) => {
      this.#socket.emit('output', { run: run.id, stream, bytes: Buffer.from(bytes) });
      sent += bytes.length;
      if (sent < MAX_AHEAD) return;
      waiting ??= drained(this.#socket).then(() => {
        sent = 0;
        waiting = undefined;
      });
      return waiting;
    });
    this.#attached.set(run.id, stop);
  }

  #close(): void {
    for (const follower of this.#followers.values()) follower.stop();
    for (const stop of this.#attached.values()) stop();
    this.#followers.clear();
    this.#attached.clear();
  }
}

/** Resolves once the connection has nothing waiting to be written; at once for one that is gone. */
function drained({ conn }: Socket): Promise<void> {
  const waiting = () =>
    conn.readyState === 'open' &&
    (!conn.transport.writable || (conn as unknown as { writeBuffer: unknown[] }).writeBuffer.length > 0);
  if (!waiting()) return Promise.resolve();
  return new Promise((resolve) => {
    // The connection's own `drain` comes when its transport takes the packets, `ready` when they have left.
    const { transport } = conn;
    const check = () => {
      if (waiting() && conn.transport === transport) return;
      transport.off('ready', check);
      conn.off('upgrade', check);
      conn.off('close', check);
      resolve(waiting() ? drained({ conn } as Socket) : undefined);
    };
    transport.on('ready', check);
    conn.on('upgrade', check);
    conn.on('close', check);
  });
}
