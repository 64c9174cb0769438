import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { main } from '../../../apps/agent/src/cli/program.ts';
import type { Streams } from '../../../apps/agent/src/cli/terminal.ts';
import { createPlainRuns } from '../../fakes/plainRuns.ts';

export interface Said {
  code: number;
  stdout: Buffer;
  out: string;
  err: string;
}

/** Runs command lines in this process, with streams of their own and runs of plain processes. */
export class TestCommandLine {
  readonly folder = mkdtempSync(join(tmpdir(), 'underdock-cli-'));
  readonly runs: ReturnType<typeof createPlainRuns>[] = [];
  env: Record<string, string | undefined> = { PATH: process.env.PATH, DOCKER_HOST: 'tcp://nowhere' };
  stdin = new PassThrough();
  closed = 0;

  async say(...args: string[]): Promise<Said> {
    const stdout = gather();
    const stderr = gather();
    const streams = { stdin: this.stdin, stdout: stdout.stream, stderr: stderr.stream } as unknown as Streams;
    const code = await main(args, {
      streams,
      env: { UNDERDOCK_STATE: join(this.folder, 'state'), ...this.env },
      cwd: this.folder,
      uid: process.geteuid?.() ?? 0,
      openRuns: async ({ stateDir }) => {
        const runs = createPlainRuns(stateDir);
        this.runs.push(runs);
        const close = async () => {
          this.closed++;
          await runs.close();
        };
        return { runs, recovered: [], close };
      },
    });
    const bytes = Buffer.concat(stdout.chunks);
    return { code, stdout: bytes, out: bytes.toString(), err: Buffer.concat(stderr.chunks).toString() };
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function gather(): { stream: PassThrough; chunks: Buffer[] } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, chunks };
}
