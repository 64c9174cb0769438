import { sentenceForStep } from '@underdock/story';
import type { RunSummary } from '@underdock/trace';
import { AgentError } from '../error.ts';
import { VERSION } from './about.ts';
import { findAgent } from './agentFile.ts';
import { ChainLines } from './chainLines.ts';
import type { RunListeners } from './commandedRun.ts';
import { type HostCarrier, watchHere } from './hostCarrier.ts';
import { mayColour, type Outside } from './program.ts';
import { watchThere } from './remoteHostCarrier.ts';
import { openStateFolder, stateFolder } from './stateFolder.ts';
import { record } from './traceFile.ts';
import { tame } from './words.ts';

export interface WatchFlags {
  json?: boolean;
  record?: string;
  state?: string;
}

/** `underdock watch`: tells what others start on this host until it is told to stop. Returns the exit code. */
export async function watchAct(flags: WatchFlags, outside: Outside): Promise<number> {
  const { streams } = outside;
  const say = (line: string) => flags.json || streams.stderr.write(`underdock: ${line}\n`);
  const told = untilTold();
  const carrier = await findCarrier(flags, outside, say);
  const face = new HostFace(flags, outside);
  try {
    await carrier.watch((summary) => face.found(summary));
    say('watching this host: start a container in another terminal (Ctrl-C ends)');
    await Promise.race([told, carrier.gone]);
  } finally {
    await carrier.close();
    face.close();
  }
  return 0;
}

async function findCarrier(
  flags: WatchFlags,
  outside: Outside,
  say: (line: string) => void,
): Promise<HostCarrier> {
  const folder = stateFolder({ flag: flags.state, env: outside.env, uid: outside.uid });
  const agent = await findAgent(folder);
  if (agent && agent.version !== VERSION) {
    throw new AgentError(
      'other-version',
      `the agent at ${agent.url} is version ${agent.version}, this is ${VERSION}`,
      {
        remedy: 'stop it, and start it again with this version: underdock up',
        exitCode: 1,
      },
    );
  }
  if (!agent)
    return watchHere(await outside.openRuns({ stateDir: openStateFolder(folder), allowedMounts: [] }));
  say(`in the agent at ${agent.url}`);
  return watchThere(agent);
}

/** What the runs that are found look like in the terminal: each has a number that stands before its lines. */
class HostFace {
  readonly #flags: WatchFlags;
  readonly #outside: Outside;
  readonly #lines = new Set<ChainLines>();
  #count = 0;

  constructor(flags: WatchFlags, outside: Outside) {
    this.#flags = flags;
    this.#outside = outside;
  }

  found(summary: RunSummary): RunListeners & { closed(): void } {
    const number = ++this.#count;
    const { streams } = this.#outside;
    const tag = `${number} `.padStart(4);
    const outlet = this.#flags.json
      ? { write: () => true }
      : { write: (text: string) => streams.stderr.write(`${tag}${text}`) };
    const lines = new ChainLines(outlet, {
      colour: mayColour(this.#outside),
      sentences: (step, state) => sentenceForStep(step, state).text,
    });
    this.#lines.add(lines);
    const file =
      this.#flags.record === undefined ? undefined : record(`${this.#flags.record}/${summary.id}.chain`);
    const json = (run: string, items: readonly unknown[]) =>
      this.#flags.json &&
      streams.stdout.write(items.map((item) => `${JSON.stringify({ run, ...(item as object) })}\n`).join(''));
    return {
      output() {},
      header(header) {
        file?.write([header]);
        json(summary.id, [header]);
        lines.header(header);
        outlet.write(`${tame(summary.title)}\n`);
      },
      events(events) {
        file?.write(events);
        json(summary.id, events);
        lines.events(events);
      },
      closed: () => {
        lines.close();
        void file?.close();
        this.#lines.delete(lines);
      },
    };
  }

  close(): void {
    for (const lines of this.#lines) lines.close();
  }
}

function untilTold(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}
