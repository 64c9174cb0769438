import { call } from './process.ts';

/** The agent with the page rebuilt at each change of its sources: both end together. */
export async function dev(args: string[]): Promise<number> {
  const vite = call(process.execPath, [
    'apps/web/node_modules/vite/bin/vite.js',
    'build',
    '--watch',
    '--logLevel',
    'warn',
    'apps/web',
  ]);
  const agent = call(process.execPath, [
    '--watch-path=apps/agent/src',
    '--watch-path=packages',
    'apps/agent/src/main.ts',
    'up',
    ...args,
  ]);
  return Promise.race([vite, agent]);
}
