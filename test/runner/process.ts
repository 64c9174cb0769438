import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a program in the foreground, its output shown; resolves with its exit code (127 when it can't be started). */
export async function call(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env });
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? 1;
  } catch (error) {
    console.error(`${command}: ${(error as Error).message}`);
    return 127;
  }
}
