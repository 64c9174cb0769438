import { spawn } from 'node:child_process';

const AGENT = new URL('./embeddedAgent.ts', import.meta.url).pathname;

/** An agent in a process of its own that has a container running, killed without a chance to clean up. */
export async function killedAgent(stateDir: string, request: object): Promise<void> {
  const child = spawn(process.execPath, [AGENT, stateDir, JSON.stringify(request)], { stdio: 'pipe' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let said = '';
  child.stderr.on('data', (bytes) => {
    said += bytes;
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (bytes) => String(bytes).includes('up') && resolve());
    child.once('exit', () => reject(new Error(`the agent ended before its container said up: ${said}`)));
  });
  child.kill('SIGKILL');
  await ended;
}
