import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makePipe, waitingBytes } from '../../../apps/agent/src/kernelCalls.ts';
import { readStat, signalNumber } from '../../../apps/agent/src/processes.ts';
import { createReaper, type Reaper } from '../../../apps/agent/src/reaper.ts';
import { attach } from '../../../apps/agent/src/via/embedded/stdio.ts';

let reaper: Reaper;
beforeEach(() => {
  reaper = createReaper();
});
afterEach(() => reaper.close());

/** A process whose parent has ended: what an OCI runtime leaves behind after `create`. */
async function orphan(script: string): Promise<number> {
  const parent = spawn('/bin/sh', ['-c', `(${script}) >/dev/null 2>&1 & echo $!`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const pid = Number(await text(parent.stdout));
  expect(reaper.limitation).toBe('');
  return pid;
}

describe('the reaper', () => {
  it('collects the exit code of an orphan', async () => {
    expect(await reaper.wait(await orphan('sleep 0.1; exit 7'))).toEqual({ code: 7 });
  });

  it('says 128 and the signal for one that was killed', async () => {
    expect(await reaper.wait(await orphan('sleep 0.05; exec sh -c "kill -9 \\$\\$"'))).toEqual({
      code: 137,
      signal: 9,
    });
  });

  it('knows how an orphan ended that nobody waited for in time', async () => {
    const early = await orphan('sleep 0.05; exit 9');
    await expect.poll(() => readStat(early), { timeout: 5000 }).toBeUndefined();
    expect(await reaper.wait(early)).toEqual({ code: 9 });
  });

  it('leaves Node’s own children to Node, also when it is asked for one', async () => {
    const child = spawn('/bin/sh', ['-c', 'sleep 0.05; exit 4']);
    const exit = once(child, 'exit');
    expect(await reaper.wait(child.pid!)).toEqual({ code: 4 });
    expect((await exit)[0]).toBe(4);
  });

  it('lets no orphan stay a zombie that nobody waits for', async () => {
    const pid = await orphan('sleep 0.05');
    await expect.poll(() => readStat(pid), { timeout: 5000 }).toBeUndefined();
  });

  it('resolves with nothing for a process that is not its to collect', async () => {
    expect(await reaper.wait(2 ** 22 + 1)).toBeUndefined();
  });
});

describe('signals', () => {
  it.each([
    ['SIGTERM', 15],
    ['term', 15],
    ['9', 9],
    ['SIGRTMIN+3', 37],
    ['RTMAX-1', 63],
    ['SIGNOPE', undefined],
    ['99', undefined],
  ])('%s is %s', (name, number) => expect(signalNumber(name)).toBe(number));
});

describe('a container’s streams', () => {
  it('are pipes that can be opened again by their name', async () => {
    const said: string[] = [];
    const streams = attach({ interactive: true, tty: false }, (stream, bytes) =>
      said.push(`${stream} ${bytes}`),
    );
    const { stdin, stdout, stderr } = streams.stdio;
    const child = spawn('/bin/sh', ['-c', 'read x; echo "$x" >/dev/stdout; echo e >/dev/stderr'], {
      stdio: [stdin, stdout, stderr],
    });
    streams.handedOver();
    await streams.input(Buffer.from('typed\n'));
    await once(child, 'exit');
    expect(await streams.drained(2000)).toBe(true);
    streams.close();
    expect(said.sort()).toEqual(['stderr e\n', 'stdout typed\n']);
  });

  it('keep what the runtime itself writes apart from what the container writes', async () => {
    const said: string[] = [];
    const streams = attach({ interactive: false, tty: false }, (_stream, bytes) => said.push(String(bytes)));
    const runtime = spawn('/bin/sh', ['-c', 'echo a warning of the runtime >&2'], {
      stdio: ['ignore', 'ignore', streams.stdio.stderr],
    });
    await once(runtime, 'exit');
    streams.handedOver();
    expect(await streams.drained(2000)).toBe(true);
    streams.close();
    expect(said).toEqual([]);
  });

  it('take input without an end being there to read it', async () => {
    const streams = attach({ interactive: true, tty: false }, () => {});
    streams.handedOver();
    await streams.input(Buffer.from('nobody'));
    streams.close();
  });
});

describe('a pipe', () => {
  it('says how much waits in it', async () => {
    const pipe = makePipe();
    const writer = new Socket({ fd: pipe.write, readable: false, writable: true });
    await new Promise((resolve) => writer.write('12345', resolve));
    expect(waitingBytes(pipe.read)).toBe(5);
    writer.destroy();
    closeSync(pipe.read);
  });
});
