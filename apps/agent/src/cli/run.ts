import type { RunRequest, TraceEvent, TraceHeader } from '@underdock/trace';
import { AgentError } from '../error.ts';
import { ChainLines, type Sentences } from './chainLines.ts';
import type { Carrier, CommandedRun, RunEnd } from './commandedRun.ts';
import { forwardInput, lendTerminal, onEnter, type Streams, stopOnSignals } from './terminal.ts';
import { record } from './traceFile.ts';

export interface RunOptions {
  json: boolean;
  quiet: boolean;
  /** File for the trace. */
  record?: string | undefined;
  colour: boolean;
  sentences: Sentences;
}

/**
 * `underdock run`: starts the request with a carrier, passes the container's streams through and tells the chain. Returns the
 * exit code: the container's own, or 125 to 127 as docker has them.
 */
export async function runContainer(
  request: RunRequest,
  options: RunOptions,
  carrier: Carrier,
  streams: Streams,
): Promise<number> {
  checkTerminal(request, carrier, streams);
  const face = new RunFace(request, options, streams);
  let code: number;
  try {
    const run = await carrier.start(request, face);
    face.meet(run);
    code = request.detach ? await detached(run, streams) : await face.codeOf(await run.done);
  } finally {
    face.part();
  }
  return (await face.closeRecording()) ?? code;
}

function checkTerminal(request: RunRequest, carrier: Carrier, streams: Streams): void {
  if (request.tty && request.interactive && !request.detach && !streams.stdin.isTTY) {
    throw new AgentError('no-terminal', 'the input is no terminal, so -t with -i is not possible', {
      remedy: 'leave out -t',
    });
  }
  if (request.detach && !carrier.outlives) {
    throw new AgentError('no-agent', '-d needs a running agent, which looks after the container', {
      remedy: 'start one in another terminal: underdock up',
    });
  }
}

/** With these the process begins to run, whichever of them is seen: nobody but its way in sees into every layer. */
const BEGINNINGS: ReadonlySet<string> = new Set(['low-level/start', 'engine/start-container']);

/** What one run looks like in the terminal. */
class RunFace {
  readonly #request: RunRequest;
  readonly #options: RunOptions;
  readonly #streams: Streams;
  readonly #lines: ChainLines;
  readonly #recording: ReturnType<typeof record> | undefined;
  readonly #endings: (() => void)[] = [];
  #run: CommandedRun | undefined;
  #lent = false;
  #container = false;
  #held = false;

  constructor(request: RunRequest, options: RunOptions, streams: Streams) {
    this.#request = request;
    this.#options = options;
    this.#streams = streams;
    const silent = options.quiet || options.json;
    const outlet = silent ? { write: () => true } : streams.stderr;
    this.#lines = new ChainLines(outlet, options);
    this.#recording = options.record === undefined ? undefined : record(options.record);
  }

  output(stream: 'stdout' | 'stderr', bytes: Uint8Array): void {
    if (this.#options.json || this.#request.detach) return;
    this.#lend();
    this.#streams[stream].write(bytes);
  }

  header(header: TraceHeader): void {
    this.#recording?.write([header]);
    if (this.#options.json) this.#json([header]);
    this.#lines.header(header);
  }

  events(events: readonly TraceEvent[]): void {
    this.#recording?.write(events);
    if (this.#options.json) this.#json(events);
    let said = 0;
    for (const [index, { step, type }] of events.entries()) {
      if (!BEGINNINGS.has(step) && step !== 'engine/hold') continue;
      this.#lines.events(events.slice(said, index));
      said = index;
      if (step === 'engine/hold') this.#hold(type === 'begin');
      else this.#begin();
    }
    this.#lines.events(events.slice(said));
  }

  /** The run exists: from now on there is somebody to type for and to stop. */
  meet(run: CommandedRun): void {
    this.#run = run;
    const { stdin, stdout } = this.#streams;
    if (this.#request.detach) return;
    this.#endings.push(stopOnSignals(run, (line) => this.#lines.say(line)));
    if (this.#request.tty && stdout.isTTY) run.resize(stdout.columns, stdout.rows);
    if (this.#request.interactive && !this.#request.hold) this.#endings.push(forwardInput(stdin, run));
    if (this.#container) this.#lend();
    this.#offerRelease();
    stdout.on('error', () => void run.stop().catch(() => {}));
  }

  async codeOf(end: RunEnd): Promise<number> {
    this.part();
    if (end.error) {
      const { message, remedy } = end.error;
      this.#streams.stderr.write(`underdock: ${message}\n${remedy ? `  ${remedy}\n` : ''}`);
    }
    return end.exitCode;
  }

  /** Gives everything back that was borrowed; a second call does nothing. */
  part(): void {
    for (const ending of this.#endings.splice(0).reverse()) ending();
    this.#lines.close();
  }

  /** 125 if the recording that was asked for is not whole. */
  async closeRecording(): Promise<number | undefined> {
    const error = await this.#recording?.close();
    if (!error) return undefined;
    this.#streams.stderr.write(`underdock: ${error.message}\n  ${error.remedy}\n`);
    return error.exitCode;
  }

  #json(items: readonly (TraceHeader | TraceEvent)[]): void {
    this.#streams.stdout.write(items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  }

  /** With -t the terminal is the container's once it runs, and our lines wait until it has ended. */
  #begin(): void {
    this.#container = true;
    this.#lend();
  }

  #lend(): void {
    if (this.#lent || !this.#run || !this.#request.tty || !this.#request.interactive) return;
    this.#lent = true;
    this.#lines.hold();
    this.#endings.push(lendTerminal(this.#streams, this.#run));
  }

  #hold(held: boolean): void {
    this.#held = held;
    if (held) this.#offerRelease();
  }

  /** The container may be held before `meet` or after it: whichever comes second makes the offer. */
  #offerRelease(): void {
    if (!this.#run || !this.#held) return;
    const run = this.#run;
    const { stdin, stderr } = this.#streams;
    stderr.write('underdock: held between create and start: press Enter to start it\n');
    this.#endings.push(
      onEnter(stdin, () => {
        run.release();
        if (this.#request.interactive) this.#endings.push(forwardInput(stdin, run));
      }),
    );
  }
}

/** Prints the id once the container runs, as docker does. */
async function detached(run: CommandedRun, streams: Streams): Promise<number> {
  let failed: RunEnd | undefined;
  run.done.then(
    (end) => {
      failed = end;
    },
    () => {},
  );
  for (;;) {
    const { state, container, exitCode } = await run.summary();
    if (state === 'failed') {
      const end = failed ?? (await run.done);
      streams.stderr.write(`underdock: ${end.error?.message ?? 'it failed'}\n`);
      return exitCode ?? end.exitCode;
    }
    if (state !== 'preparing') {
      streams.stdout.write(`${container ?? run.id}\n`);
      return 0;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
