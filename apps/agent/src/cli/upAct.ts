import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { examineHost } from '../doctor/examine.ts';
import { AgentError } from '../error.ts';
import { allowedCapabilities } from '../via/capabilityFreedom.ts';
import type { Outside } from './program.ts';
import { openStateFolder, stateFolder } from './stateFolder.ts';
import { up } from './up.ts';

export interface UpFlags {
  port: number;
  host: string;
  publicUrl?: string;
  allowHost: string[];
  allowMount: string[];
  allowRuntime: string[];
  allowConfig: boolean;
  allowCap: string[];
  state?: string;
  newLinks: boolean;
}

/** A report this old (ms) is made anew for who asks. */
const REPORT_AGE_MS = 10_000;

/** `underdock up`: serves until it is told to stop. Returns the exit code. */
export async function upAct(flags: UpFlags, outside: Outside): Promise<number> {
  const { stdout, stderr } = outside.streams;
  const log = (line: string) => void stderr.write(`underdock: ${line}\n`);
  const allowedMounts = flags.allowMount.map(folderOf);
  const allowedRuntimes = flags.allowRuntime.map((path) => resolve(path));
  const capabilities = allowedCapabilities(flags.allowCap);
  const choice = { flag: flags.state, env: outside.env, uid: outside.uid };
  const stateDir = openStateFolder(stateFolder(choice));
  const told = untilTold();
  const agent = await up({
    ...flags,
    allowHosts: flags.allowHost,
    stateDir,
    async openRuns() {
      const opened = await outside.openRuns({
        stateDir,
        allowedMounts,
        allowedRuntimes,
        allowConfig: flags.allowConfig,
        allowedCapabilities: capabilities,
      });
      for (const { container, actions } of opened.recovered) {
        log(`left by an earlier agent: ${[container, ...actions].filter((word) => word !== '').join(', ')}`);
      }
      // Beside everything else: it takes seconds, and whoever wants it sooner waits for the same.
      if (outside.uid === 0) void opened.prepare?.();
      return opened;
    },
    doctor: kept(() => examineHost({ stateDir, env: outside.env })),
    print: (line) => void stdout.write(`${line}\n`),
    log,
  });
  await told;
  log('stopping (once more: at once)');
  await agent.close();
  return 0;
}

/** Resolves at the first signal to end; the second one ends this process at once. */
function untilTold(): Promise<void> {
  return new Promise((resolve) => {
    let asked = 0;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        asked++;
        if (asked > 1) process.exit(1);
        resolve();
      });
    }
  });
}

function folderOf(path: string): string {
  const folder = resolve(path);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return folder;
  throw new AgentError('bad-allow-mount', `--allow-mount ${path}: there is no folder ${folder}`, {
    remedy: 'give a folder of this machine',
    exitCode: 1,
  });
}

function kept<T>(make: () => Promise<T>): () => Promise<T> {
  let made: { at: number; value: Promise<T> } | undefined;
  return () => {
    const now = performance.now();
    if (!made || now - made.at > REPORT_AGE_MS) made = { at: now, value: make() };
    return made.value;
  };
}
