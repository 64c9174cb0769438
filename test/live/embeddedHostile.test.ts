import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, leftOnHost, openLab, watchNothing } from './embeddedLab.ts';

let lab: Lab;
let folder: string;
let shared: string;
let swapping: string;

/** A program of the host; `runc` does the work of what stands for a runtime. */
function program(file: string, script: string): string {
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-hostile-'));
  shared = join(folder, 'shared');
  mkdirSync(shared);
  // Between the look at the mount's source and the mount itself: what a container that shares the folder could do.
  const swap = `[ -d ${shared}/data ] && rmdir ${shared}/data && ln -s ${folder}/private ${shared}/data`;
  swapping = program(join(folder, 'swapping'), `case "$*" in *create*) ${swap};; esac\nexec runc "$@"`);
  lab = await openLab({ allowedMounts: [shared], allowedRuntimes: [swapping], watch: watchNothing });
});

afterAll(async () => {
  const left = leftOnHost(lab.stateDir);
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
  expect(left).toEqual([]);
});

describe('a program named as runtime by its path', () => {
  it('is not run when a container may have written it', async () => {
    const ran = join(folder, 'ran');
    const file = program(join(shared, 'evil'), `echo 1 > ${ran}; echo evil version 1.0.0`);
    await expect(lab.start({ runtime: file, command: ['true'] })).rejects.toMatchObject({
      code: 'runtime-not-allowed',
      remedy: expect.stringContaining('--allow-runtime'),
    });
    expect(existsSync(ran)).toBe(false);
  });

  it('is run when it was named at the start', async () => {
    const ended = await lab.run({ runtime: swapping, command: ['/bin/sh', '-c', 'exit 4'] });
    expect(ended.exitCode).toBe(4);
  });
});

describe('a bind mount whose source is swapped for a link after it was looked at', () => {
  it('shows nothing of where the link leads: the container is not started', async () => {
    mkdirSync(join(folder, 'private'));
    writeFileSync(join(folder, 'private', 'secret'), 'of the host');
    mkdirSync(join(shared, 'data'));
    const ended = await lab.run({
      runtime: swapping,
      volume: [`${shared}/data:/data`],
      command: ['/bin/sh', '-c', 'cat /data/secret'],
    });
    expect(ended.stdout).toBe('');
    expect(ended.error).toMatchObject({ code: 'mount-changed' });
  });
});

describe('a stop that comes when all is over', () => {
  it('changes nothing', async () => {
    const ended = await lab.run({ command: ['true'] });
    await ended.run.stop();
    expect(ended.run.summary()).toMatchObject({ state: 'finished', exitCode: 0 });
    await lab.opened.runs.remove(ended.run.id);
  });

  it('leaves a container that was kept as it is, to be removed', async () => {
    const ended = await lab.run({ command: ['true'], keep: true });
    await ended.run.stop();
    expect(ended.run.summary().state).toBe('finished');
    await lab.opened.runs.remove(ended.run.id);
    expect(leftOnHost(lab.stateDir)).toEqual([]);
  });
});

/** The arguments of every process, which every user of the host can read. */
function allArguments(): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8')] : [];
    } catch {
      return [];
    }
  });
}

describe.each(['runc', 'crun', 'by-hand'])('a container of %s that waits for its start', (runtime) => {
  it('shows no value of its environment to other users, who can read arguments', async () => {
    const value = 'the value that nobody else may see';
    const going = await lab.start({ runtime, hold: true, env: [`KEY=${value}`], command: ['env'] });
    await going.becomes('held');
    const seen = allArguments().filter((words) => words.includes(value));
    going.run.release('test');
    expect((await going.ended()).stdout).toContain(`KEY=${value}\n`);
    expect(seen).toEqual([]);
  });
});
