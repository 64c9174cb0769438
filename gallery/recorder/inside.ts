import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENTRIES } from '../entries.ts';
import { type Daemon, ENV, startDaemon, startStarterRegistry } from './daemons.ts';
import { keep } from './files.ts';
import { FOLDER, HOUSE } from './place.ts';
import { recorded } from './record.ts';

const CONTAINERD = ['containerd'];
const DOCKERD = ['dockerd', '--containerd', '/run/containerd/containerd.sock'];
const AGENT = ['./bin/underdock', 'up', '--port', '0', '--allow-mount', '/'];

/** Runs in a place of its own (enter.ts): records the entries that are named as on a stock host. Resolves with how many failed. */
async function main(names: readonly string[]): Promise<number> {
  const gallery = join(HOUSE, 'gallery');
  copyFileSync(join(gallery, 'compose.yaml'), join(FOLDER, 'compose.yaml'));
  const registry = await startStarterRegistry();
  const daemons: Daemon[] = [];
  let failed = 0;
  try {
    daemons.push(await startDaemon(CONTAINERD, (log) => log.includes('containerd successfully booted')));
    daemons.push(await startDaemon(DOCKERD, (log) => log.includes('API listen on')));
    daemons.push(await startDaemon(AGENT, (log) => log.includes('is ready')));
    for (const entry of ENTRIES.filter(({ name }) => names.includes(name))) {
      try {
        await keep(
          entry,
          await recorded(entry, { folder: FOLDER, env: ENV, limitS: 60 }, console.log),
          gallery,
        );
      } catch (error) {
        console.error(`  ${entry.name} was not recorded: ${(error as Error).message}`);
        failed++;
      }
    }
  } finally {
    for (const daemon of daemons.reverse()) await daemon.stop();
    await registry.close();
  }
  return failed;
}

process.exitCode = (await main(process.argv.slice(2))) > 0 ? 1 : 0;
