import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ctr, methodOf, USUAL_SOCKET } from '../../../../apps/agent/src/via/containerd/api.ts';
import { taskFailure } from '../../../../apps/agent/src/via/containerd/failure.ts';
import { LastOutput } from '../../../../apps/agent/src/via/containerd/lastOutput.ts';
import { shimRuntime } from '../../../../apps/agent/src/via/containerd/runtimes.ts';
import { GrpcRefusal } from '../../../../apps/agent/src/via/grpc/failure.ts';
import { checkRuntimePath } from '../../../../apps/agent/src/via/runtimePath.ts';

describe('the command that does the same', () => {
  test('names the socket where it is not the usual one, and can be typed as it stands', () => {
    expect(ctr(USUAL_SOCKET, 'tasks', 'rm', 'abc')).toBe('ctr --namespace underdock tasks rm abc');
    expect(ctr('/x.sock', 'run', "echo it's; exit 1")).toBe(
      `ctr --address /x.sock --namespace underdock run 'echo it'\\''s; exit 1'`,
    );
  });

  test('belongs to a method of containerd’s services', () => {
    expect(methodOf('Tasks/Create')).toBe('containerd.services.tasks.v1.Tasks/Create');
  });
});

describe('--runtime', () => {
  const folder = mkdtempSync(join(tmpdir(), 'underdock-runtimes-'));
  test('names a shim of containerd’s by its whole name, else a program behind runc’s shim', () => {
    expect(shimRuntime('io.containerd.runsc.v1', folder)).toEqual({
      name: 'io.containerd.runsc.v1',
      binary: '',
    });
    expect(shimRuntime('/bin/false', folder)).toEqual({
      name: 'io.containerd.runc.v2',
      binary: '/bin/false',
    });
    expect(() => shimRuntime('by-hand', folder)).toThrow(
      expect.objectContaining({ code: 'unusable-runtime' }),
    );
    expect(() => shimRuntime('nope', folder)).toThrow(expect.objectContaining({ code: 'unknown-runtime' }));
    rmSync(folder, { recursive: true });
  });

  test('takes a path only where that was allowed', async () => {
    await expect(checkRuntimePath('/bin/false', [], [])).rejects.toMatchObject({
      code: 'runtime-not-allowed',
    });
    await checkRuntimePath('/bin/false', ['/bin/false'], []);
    await checkRuntimePath('/bin/false', [], ['/']);
    await checkRuntimePath('runc', [], []);
  });

  test('takes no link to an allowed program: it could lead elsewhere by the time it is run', async () => {
    const links = mkdtempSync(join(tmpdir(), 'underdock-links-'));
    const program = join(links, 'program');
    const link = join(links, 'link');
    writeFileSync(program, '');
    symlinkSync(program, link);
    const refused = { code: 'runtime-not-allowed' };
    await expect(checkRuntimePath(link, [program], [])).rejects.toMatchObject(refused);
    await checkRuntimePath(program, [link], []);
    await checkRuntimePath(link, [link], []);
    rmSync(links, { recursive: true });
  });
});

test('a refusal to start means what docker’s exit codes mean', () => {
  const refused = (words: string) =>
    taskFailure(new GrpcRefusal('containerd', 'UNKNOWN', words, undefined), 'runc', 'nope');
  const missing = 'runc create failed: exec: "nope": executable file not found in $PATH: unknown';
  expect(refused(missing)).toMatchObject({ code: 'command-not-found', exitCode: 127 });
  expect(refused('runtime "io.containerd.nope.v1" binary not installed')).toMatchObject({
    code: 'unknown-runtime',
  });
  const other = new Error('other');
  expect(taskFailure(other, 'runc', 'nope')).toBe(other);
});

test('of what was written the last part is kept', () => {
  const output = new LastOutput(5);
  for (const text of ['abc', 'def', 'g']) output.add(Buffer.from(text));
  expect(Buffer.from(output.read()).toString()).toBe('cdefg');
});
