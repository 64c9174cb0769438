import { existsSync } from 'node:fs';
import { cleanPrivateEngine } from '../../daemons/privateEngineRemains.ts';
import { silentTell } from '../embedded/lowLevel/silentTell.ts';
import type { Recovered } from '../embedded/recover.ts';
import { ask, type Engine, EngineRefusal } from './engine.ts';
import { type JournalEntry, readEntries, removeEntry } from './journal.ts';

/** Marks what underdock has made in an engine, with the run's id. */
export const RUN_LABEL = 'underdock.run';

const ANSWER_MS = 15_000;
const silent = { tell: silentTell, cause: [], timeoutMs: ANSWER_MS };

/**
 * Takes apart what agents that are gone left in engines: private engines' processes, and containers in the host's engine by what
 * was written down of them. Kept containers stay. The state folder is locked for us. Never rejects: what could not be done is said.
 */
export async function recoverContainers(
  stateDir: string,
  privateFolders: readonly string[],
  open: (socket: string) => Promise<Engine>,
): Promise<Recovered[]> {
  const recovered: Recovered[] = [];
  for (const folder of privateFolders.filter((one) => existsSync(one))) {
    const actions = await cleanPrivateEngine(folder);
    if (actions.length > 0) recovered.push({ run: '', container: '', name: '', state: 'running', actions });
  }
  for (const entry of readEntries(stateDir)) {
    if (entry.state === 'kept') continue;
    const actions = entry.private
      ? ['its engine is gone; it is removed when the private engine runs again']
      : await removeLeft(stateDir, entry, open);
    recovered.push({
      run: entry.run,
      container: entry.container,
      name: entry.name,
      state: 'running',
      actions,
    });
  }
  return recovered;
}

async function removeLeft(
  stateDir: string,
  entry: JournalEntry,
  open: (socket: string) => Promise<Engine>,
): Promise<string[]> {
  try {
    const engine = await open(entry.socket);
    const gone = await removeOurs(engine, entry);
    removeEntry(stateDir, entry.run);
    return [gone ? 'it was gone already' : 'removed the container from the docker engine'];
  } catch (error) {
    return [`could not remove it from the docker engine: ${(error as Error).message}`];
  }
}

/** Removes a container that is ours by its label: ids are not used twice, but a journal may be old. True when it was gone. */
export async function removeOurs(engine: Engine, { container: id, run }: JournalEntry): Promise<boolean> {
  const container = engine.docker.getContainer(id);
  try {
    const info = await ask(engine, silent, (_docker, abortSignal) => container.inspect({ abortSignal }));
    if (info.Config.Labels?.[RUN_LABEL] !== run) return true;
    await ask(engine, silent, (_docker, abortSignal) =>
      container.remove({ _query: { v: 1, force: 1 }, _body: {}, abortSignal } as object),
    );
    return false;
  } catch (error) {
    if (error instanceof EngineRefusal && error.status === 404) return true;
    throw error;
  }
}

/** Removes from a private engine that has just come up what is left of runs that nobody keeps. */
export async function tidyPrivateEngine(stateDir: string, engine: Engine): Promise<void> {
  const kept = new Set(
    readEntries(stateDir)
      .filter(({ state }) => state === 'kept')
      .map(({ container }) => container),
  );
  const left = await ask(engine, silent, (docker, abortSignal) =>
    docker.listContainers({ all: true, filters: { label: [RUN_LABEL] }, abortSignal } as object),
  );
  for (const { Id, Labels } of left.filter((one) => !kept.has(one.Id))) {
    const run = Labels[RUN_LABEL] ?? '';
    await removeOurs(engine, {
      run,
      container: Id,
      name: '',
      socket: engine.socket,
      private: true,
      state: 'live',
    });
    removeEntry(stateDir, run);
  }
}
