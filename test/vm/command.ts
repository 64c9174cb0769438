import { spawn } from 'node:child_process';

/** What the machine's making and running may fail with: says what to do about it. */
export class MachineError extends Error {
  readonly code: 'missing-program' | 'command-failed' | 'no-boot' | 'timeout' | 'unsupported-host';
  constructor(code: MachineError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'MachineError';
    this.code = code;
  }
}

/** Runs a program to its end; rejects with its last words when it fails. `log` gets everything it says. */
export async function command(
  program: string,
  args: string[],
  log?: (text: string) => void,
): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
    log?.(text);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (cause) =>
      reject(
        new MachineError('missing-program', `${program} can't be started: install it and try again`, cause),
      ),
    );
    child.on('close', resolve);
  });
  if (code === 0) return out;
  throw new MachineError('command-failed', `${program} ${args[0] ?? ''} failed with ${code}: ${said.trim()}`);
}
