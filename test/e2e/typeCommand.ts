import { spawn } from 'node:child_process';

/** Types a command as somebody else on the host would; resolves with its exit code. */
export function typeCommand(command: string, ...args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'ignore' });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? -1));
  });
}
