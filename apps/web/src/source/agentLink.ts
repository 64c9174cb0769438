import { doctorSchema, problemSchema, runSummarySchema } from '@underdock/trace';
import { io, type Socket } from 'socket.io-client';
import type { Link, LinkSnapshot } from './link.ts';
import { Listeners } from './listeners.ts';
import { LiveTrace, type Say } from './liveTrace.ts';

const ANSWER_WITHIN_MS = 8000;

/** The one socket of the page: tells how the agent is reached and what it says, and lends itself to live traces. */
export class AgentLink implements Link {
  readonly #socket: Socket;
  readonly #listeners = new Listeners();
  readonly #traces = new Map<string, LiveTrace>();
  #snapshot: LinkSnapshot = {
    state: 'connecting',
    wasConnected: false,
    role: undefined,
    runs: undefined,
    doctor: undefined,
    watching: undefined,
  };

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('connect', () => this.#connected());
    socket.on('disconnect', () => this.#change({ state: 'lost' }));
    socket.on('connect_error', (error) => this.#notConnected(error));
    socket.on('role', (role: unknown) => {
      if (role === 'drive' || role === 'watch') this.#change({ role });
    });
    socket.on('runs', (message: unknown) => {
      const runs = runSummarySchema.array().safeParse(message);
      if (runs.success)
        this.#change({ runs: runs.data.sort((a, b) => b.startedAt.localeCompare(a.startedAt)) });
    });
    socket.on('doctor', (message: unknown) => {
      const doctor = doctorSchema.safeParse(message);
      if (doctor.success) this.#change({ doctor: doctor.data });
    });
    socket.on('watching', (message: unknown) => {
      const on = (message as { on?: unknown } | null)?.on;
      if (typeof on === 'boolean') this.#change({ watching: on });
    });
    socket.on('library', () => this.#change({ library: (this.#snapshot.library ?? 0) + 1 }));
    socket.on('header', (message: unknown) => this.#deliver('header', message));
    socket.on('events', (message: unknown) => this.#deliver('events', message));
  }

  readonly snapshot = (): LinkSnapshot => this.#snapshot;
  readonly subscribe = this.#listeners.subscribe;

  /** The live trace of a run, one object however often it is asked for; close it when nobody looks any more. */
  follow(run: string): LiveTrace {
    const known = this.#traces.get(run);
    if (known) return known;
    const trace = new LiveTrace(run, this.#say, {
      expected: () => this.#snapshot.runs?.find((one) => one.id === run)?.events ?? 0,
      onClose: () => {
        if (this.#traces.get(run) === trace) this.#traces.delete(run);
      },
    });
    this.#traces.set(run, trace);
    if (this.#snapshot.state === 'connected') trace.ask();
    return trace;
  }

  /** Bytes typed into the container's console. Resolves with the agent's words when it did not take them. */
  input(run: string, base64: string): Promise<string | undefined> {
    return this.#tell('input', { run, base64 });
  }

  /** Ends the container's input, as Ctrl-D does on a line of its own. */
  endInput(run: string): Promise<string | undefined> {
    return this.#tell('input', { run, end: true });
  }

  /** The console's size in character cells. */
  resize(run: string, cols: number, rows: number): Promise<string | undefined> {
    return this.#tell('resize', { run, cols, rows });
  }

  close(): void {
    this.#socket.close();
  }

  #tell(event: string, message: unknown): Promise<string | undefined> {
    return new Promise((resolve) =>
      this.#say(event, message, (reply) => {
        const problem = problemSchema.safeParse(reply);
        resolve(problem.success ? problem.data.error.message : undefined);
      }),
    );
  }

  readonly #say: Say = (event, message, answer) => {
    if (!answer) this.#socket.emit(event, message);
    else {
      this.#socket
        .timeout(ANSWER_WITHIN_MS)
        .emit(event, message, (late: unknown, reply: unknown) => answer(late ? undefined : (reply ?? {})));
    }
  };

  #connected(): void {
    this.#change({ state: 'connected', wasConnected: true });
    for (const trace of this.#traces.values()) trace.ask();
  }

  /** An inactive socket was refused by the agent itself and does not try again; else the agent was not reached. */
  #notConnected(error: Error): void {
    const { state } = this.#snapshot;
    if (!this.#socket.active) this.#change({ state: 'refused' });
    else if (state !== 'connecting' || error.message !== 'websocket error') this.#change({ state: 'lost' });
  }

  #deliver(kind: 'header' | 'events', message: unknown): void {
    const run = (message as { run?: unknown } | null)?.run;
    if (typeof run === 'string') this.#traces.get(run)?.receive(kind, message);
  }

  #change(part: Partial<LinkSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...part };
    this.#listeners.tell();
  }
}

/** Opens the link to the agent that serves the page at `base`, under whatever path prefix a proxy put it. */
export function openLink(base: URL, token: string | undefined): AgentLink {
  const path = new URL('socket.io/', base).pathname;
  return new AgentLink(
    io(base.origin, {
      path,
      auth: token ? { token } : {},
      transports: ['websocket', 'polling'],
      // A proxy that can't pass WebSockets on still passes plain requests.
      tryAllTransports: true,
      reconnectionDelay: 400,
      reconnectionDelayMax: 2500,
    }),
  );
}
