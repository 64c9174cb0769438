import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** The house's own command line, run as it lies there: its wrapper would look for libraries to install. */
export const UNDERDOCK = ['node', '/house/apps/agent/src/main.ts'];

/** A running agent of root. */
export interface Agent {
  stop(): Promise<void>;
}

/**
 * Starts `underdock up`; resolves when it says that it is ready. `underdock run` then uses it, and bpftrace, which an
 * emulated machine takes minutes to start, is started once. Rejects when it ends instead.
 */
export async function startAgent(env: NodeJS.ProcessEnv): Promise<Agent> {
  const [node = '', ...main] = UNDERDOCK;
  const child = spawn(node, [...main, 'up', '--port', '0'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let said = '';
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('is ready')) resolve();
    });
  });
  const [code] = (await Promise.race([ready.then(() => []), ended])) as [number?];
  if (code !== undefined) throw new Error(`underdock up ended with ${code}: ${said}`);
  return {
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
