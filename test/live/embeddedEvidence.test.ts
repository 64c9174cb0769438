import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createKernelWatch } from '../../apps/agent/src/layers/5-kernel/watcher.ts';
import { readStat } from '../../apps/agent/src/processes.ts';
import type { Reaper } from '../../apps/agent/src/reaper.ts';
import { type Ended, type Lab, openLab, watchNothing } from './embeddedLab.ts';

// strace takes no time to load, and what it sees serves as well as evidence.
const strace = () => createKernelWatch({ agentPid: process.pid, only: 'strace' });

/** As where a process can’t become a subreaper: it sees that a process is gone, not how. */
const blindReaper: Reaper = {
  limitation: 'this process can’t become a child subreaper',
  async wait(pid) {
    for (let stat = readStat(pid); stat && stat.state !== 'Z'; stat = readStat(pid))
      await new Promise((done) => setTimeout(done, 10));
    return undefined;
  },
  close: () => {},
};

const facts = (ended: Ended, step: string) =>
  ended.events.filter((event) => event.step === step && event.type === 'fact').map(({ data }) => data);

describe('a program that the kernel refuses', () => {
  let folder: string;
  let lab: Lab;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'underdock-refused-'));
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      chmodSync(join(folder, name), 0o755);
    };
    write('noFormat', 'neither a script nor a program\n');
    write('noInterpreter', '#!/no/such/interpreter\n');
    chmodSync(folder, 0o755);
    lab = await openLab({ watch: strace(), allowedMounts: [folder] });
  });
  afterAll(async () => {
    await lab?.close();
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['runc', 'noFormat', 126, 'exec-format', 'ENOEXEC'],
    ['crun', 'noFormat', 126, 'exec-format', 'ENOEXEC'],
    ['runc', 'noInterpreter', 127, 'command-not-found', 'ENOENT'],
  ])(
    'with %s (%s) gives exit code %i, and the call that failed is told',
    async (runtime, name, ...expected) => {
      const [exitCode, code, error] = expected;
      const ended = await lab.run({ runtime, command: [`/m/${name}`], volume: [`${folder}:/m:ro`] });
      expect([ended.exitCode, ended.error?.code]).toEqual([exitCode, code]);
      const ends = ended.events.filter((event) => event.step === 'kernel/execve' && event.type === 'end');
      expect(ends.map(({ data }) => data.error)).toContain(error);
      expect(ended.verdict).toMatchObject({ state: 'whole', faults: [] });
    },
  );

  it('is no such program if the container ran one before', async () => {
    const script = 'exec /m/noInterpreter';
    const ended = await lab.run({ command: ['/bin/sh', '-c', script], volume: [`${folder}:/m:ro`] });
    expect([ended.exitCode, ended.error]).toEqual([127, undefined]);
    const layers = facts(ended, 'high-level/has-layer');
    expect(layers.map(({ index, cached }) => [index, cached])).toEqual([
      [0, true],
      [1, true],
      [2, true],
    ]);
  });
});

describe('where exit codes can’t be collected', () => {
  let lab: Lab;
  afterEach(() => lab?.close());

  it('takes them from the kernel’s record, and says so', async () => {
    lab = await openLab({ watch: strace(), reaper: blindReaper });
    const ended = await lab.run({ command: ['/bin/sh', '-c', 'exit 7'] });
    expect([ended.exitCode, ended.error]).toEqual([7, undefined]);
    const stopped = facts(ended, 'engine/has-container').find(({ state }) => state === 'stopped');
    expect(stopped).toMatchObject({ exitCode: 7, exitCodeFrom: 'kernel/exit' });
  });

  it('says that one is unknown where nothing watched', async () => {
    lab = await openLab({ watch: watchNothing, reaper: blindReaper });
    const ended = await lab.run({ command: ['/bin/sh', '-c', 'exit 7'] });
    expect([ended.exitCode, ended.error?.code]).toEqual([125, 'exit-unknown']);
  });
});
