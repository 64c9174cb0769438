import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';

const MAIN = resolve('apps/agent/src/main.ts');

/** `underdock …` in a real pseudo-terminal, which util-linux’s script(1) makes. */
export interface Terminal {
  /** Everything that was written to the terminal so far. */
  said(): string;
  /** What the program has drawn last, row by row, without colours. */
  rows(): string[];
  /** Resolves once what is drawn holds the text. */
  shows(text: string): Promise<void>;
  type(keys: string): void;
  resize(rows: number, columns: number): void;
  signal(name: NodeJS.Signals): void;
  /** Resolves when it has ended: its exit code, and whether the terminal is in line mode with echo again. */
  ended(): Promise<{ exitCode: number; isUsual: boolean }>;
}

/** Starts it with a terminal of this size. */
export async function inTerminal(args: string[], rows = 24, columns = 80): Promise<Terminal> {
  const inner = `echo pid=$$; exec "$0" "$@"`;
  const words = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ');
  const line = `stty rows ${rows} cols ${columns}; tty; sh -c '${inner}' ${words}; echo; echo "code=$?"; stty -a; echo done.`;
  // `$?` of the echo before would be 0.
  const script = line.replace('; echo; echo "code=$?"', '; code=$?; echo; echo "code=$code"');
  const child = spawn('script', ['-qfec', script, '/dev/null'], { env: { ...process.env, TERM: 'xterm' } });
  return open(child);
}

async function open(child: ChildProcessWithoutNullStreams): Promise<Terminal> {
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const until = async (holds: () => boolean, what: string) => {
    for (const limit = Date.now() + 15_000; !holds(); await pause(20))
      if (Date.now() > limit)
        throw new Error(`waited in vain for ${what}: ${JSON.stringify(said.slice(-2000))}`);
  };
  await until(() => /pid=\d+/.test(said), 'the program');
  const tty = /\/dev\/pts\/\d+/.exec(said)![0];
  const pid = Number(/pid=(\d+)/.exec(said)![1]);
  const rows = () => lastFrame(said);
  return {
    said: () => said,
    rows,
    shows: (text) => until(() => rows().join('\n').includes(text), text),
    type: (keys) => void child.stdin.write(keys),
    resize: (height, width) =>
      void execFileSync('stty', ['-F', tty, 'rows', String(height), 'cols', String(width)]),
    signal: (name) => void process.kill(pid, name),
    async ended() {
      await until(() => said.includes('done.'), 'the end');
      child.stdin.end();
      const exitCode = Number(/code=(\d+)/.exec(said)?.[1] ?? -1);
      return { exitCode, isUsual: / icanon/.test(said) && / echo /.test(said) };
    },
  };
}

function lastFrame(said: string): string[] {
  const from = said.lastIndexOf('\u001b[H');
  const to = said.indexOf('\u001b[J', from);
  if (from < 0 || to < 0) return [];
  return stripVTControlCharacters(said.slice(from + 3, to)).split(/\r+\n/);
}
