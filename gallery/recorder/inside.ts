import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ENTRIES } from '../entries.ts';
import { type Daemon, startDaemon, startStarterRegistry } from './daemons.ts';
import { keep } from './files.ts';
import { HOME, HOUSE } from './place.ts';
import { recordsItself, traceText, typeEntry } from './record.ts';

const FOUND = `${HOME}/found`;
/** A run that was found is over two seconds after its last process has gone. */
const FOUND_WHOLE_MS = 5000;

/** Runs in a place of its own (enter.ts): records the entries that are named as on a stock host. */
async function main(names: readonly string[]): Promise<void> {
  const entries = ENTRIES.filter(({ name }) => names.includes(name));
  const registry = await startStarterRegistry();
  const daemons: Daemon[] = [];
  try {
    daemons.push(await startDaemon(['containerd'], (log) => log.includes('containerd successfully booted')));
    daemons.push(
      await startDaemon(['dockerd', '--containerd', '/run/containerd/containerd.sock'], (log) =>
        log.includes('API listen on'),
      ),
    );
    const up = ['./bin/underdock', 'up', '--port', '0', '--allow-mount', '/'];
    daemons.push(await startDaemon(up, (log) => log.includes('is ready')));
    mkdirSync(FOUND);
    const watch = ['./bin/underdock', 'watch', '--record', FOUND];
    const watcher = await startDaemon(watch, (log) => log.includes('watching this host'));
    daemons.push(watcher);
    for (const entry of entries) await typeEntry(entry, console.log);
    if (!entries.every(recordsItself)) await pause(FOUND_WHOLE_MS);
    await daemons.pop()?.stop();
    for (const entry of entries) await keep(entry, traceText(entry, FOUND), join(HOUSE, 'gallery'));
  } finally {
    for (const daemon of daemons.reverse()) await daemon.stop();
    await registry.close();
  }
}

await main(process.argv.slice(2));
