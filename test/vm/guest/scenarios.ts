import { readFile } from 'node:fs/promises';
import { type Report, SCENARIOS } from '../report.ts';
import { type Agent, startAgent } from './agent.ts';
import { environment, outcomeOf } from './outcome.ts';

/** Runs inside the machine: does what the scenarios say and writes one report line for each to standard output. */
async function main(): Promise<void> {
  const filter = (await readFile('/proc/cmdline', 'utf8')).match(/underdock\.only=(\S+)/)?.[1];
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  send({
    kind: 'up',
    kernel: (await readFile('/proc/sys/kernel/osrelease', 'utf8')).trim(),
    controllers: (await readFile('/sys/fs/cgroup/cgroup.subtree_control', 'utf8')).trim(),
    uptimeMs: Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]) * 1000,
    mounts: mounts.filter((line) => line.includes(' cgroup')),
  });
  const only = filter ? Buffer.from(filter, 'base64url').toString() : '';
  let agent: Agent | undefined;
  for (const scenario of SCENARIOS.filter(({ name }) => name.includes(only))) {
    if (scenario.agent) agent ??= await startAgent(environment('root'));
    send(await outcomeOf(scenario));
  }
  await agent?.stop();
  send({ kind: 'end' });
}

function send(report: Report): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

await main();
