import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerOf } from '../../apps/agent/src/answers.ts';

let folder: string;
let program: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-answers-'));
  program = join(folder, 'program');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program that notes each time that it is run. */
function write(rest: string): void {
  writeFileSync(program, `#!/bin/sh\necho x >> ${folder}/times\n${rest}\n`);
  chmodSync(program, 0o755);
}
const times = () => readFileSync(join(folder, 'times'), 'utf8').split('\n').length - 1;

describe('answerOf', () => {
  it('asks once, also those who ask at the same moment', async () => {
    write('echo version 1');
    const both = await Promise.all([answerOf(program, ['--version']), answerOf(program, ['--version'])]);
    both.push(await answerOf(program, ['--version']));
    expect(both.map(({ stdout }) => stdout)).toEqual(Array(3).fill('version 1\n'));
    expect(times()).toBe(1);
  });

  it('asks again when the program, or a file that is named to it, has changed', async () => {
    write('echo version 1; cat "$1"');
    const named = join(folder, 'named');
    writeFileSync(named, 'old');
    await answerOf(program, [named]);
    writeFileSync(named, 'newer');
    expect((await answerOf(program, [named])).stdout).toBe('version 1\nnewer');
    write('echo version two');
    expect((await answerOf(program, [named])).stdout).toBe('version two\n');
    expect(times()).toBe(3);
  });

  it('remembers no failure', async () => {
    write('exit 3');
    await expect(answerOf(program, [])).rejects.toMatchObject({ code: 3 });
    await expect(answerOf(program, [])).rejects.toMatchObject({ code: 3 });
    expect(times()).toBe(2);
  });
});
