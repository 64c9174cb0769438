import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { startAgent, UNDERDOCK } from '../../test/vm/guest/agent.ts';
import { environment } from '../../test/vm/guest/outcome.ts';
import { ENTRIES } from '../entries.ts';
import { recorded } from './record.ts';

const FOLDER = '/srv';

/** Runs inside the virtual machine: records the entries that the kernel’s command line names, a line of JSON for each. */
async function main(): Promise<void> {
  const [, word = ''] = /underdock\.gallery=(\S+)/.exec(readFileSync('/proc/cmdline', 'utf8')) ?? [];
  const names = Buffer.from(word, 'base64url').toString().split(',');
  mkdirSync(`${FOLDER}/bin`, { recursive: true });
  writeFileSync(`${FOLDER}/bin/underdock`, `#!/bin/sh\nexec ${UNDERDOCK.join(' ')} "$@"\n`);
  chmodSync(`${FOLDER}/bin/underdock`, 0o755);
  const env = environment('root');
  const agent = await startAgent(env);
  for (const entry of ENTRIES.filter(({ name }) => names.includes(name))) {
    const said: string[] = [];
    const say = (line: string) => void said.push(line);
    const outcome = await recorded(entry, { folder: FOLDER, env, limitS: 3000 }, say).then(
      (text) => ({ text }),
      (error: Error) => ({ problem: error.message }),
    );
    process.stdout.write(`${JSON.stringify({ name: entry.name, said, ...outcome })}\n`);
  }
  await agent.stop();
}

await main();
