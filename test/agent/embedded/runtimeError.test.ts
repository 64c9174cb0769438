import { describe, expect, it } from 'vitest';
import { runtimeError } from '../../../apps/agent/src/via/embedded/lowLevel/runtimeError.ts';

// Messages as runc 1.1.5 and crun 1.8.1 write them.
describe('what a low-level runtime complains about', () => {
  it.each([
    [
      'runc',
      'runc create failed: unable to start container process: exec: "nosuch": executable file not found in $PATH',
      127,
    ],
    ['crun', 'executable file `nosuch` not found in $PATH: No such file or directory', 127],
    [
      'runc',
      'unable to start container process: exec: "/nodir/x": stat /nodir/x: no such file or directory',
      127,
    ],
    ['runc', 'runc create failed: unable to start container process: exec: "/bin": permission denied', 126],
    ['crun', 'open executable: Operation not permitted', 126],
    ['crun', 'open executable: Permission denied', 126],
    ['runc', 'exec /m/x: exec format error', 126],
    ['runc', 'error during container init: mkdir /etc/passwd: not a directory', 126],
    ['runc', 'container init was OOM-killed (memory limit too low?)', 125],
    ['runc', 'something that nobody has seen before', 125],
  ])('%s: %s: ends with docker’s exit code', (runtime, complaint, exitCode) => {
    expect(runtimeError(runtime, complaint, 'nosuch').exitCode).toBe(exitCode);
  });

  it('keeps the runtime’s own words, names the command and says what to do', () => {
    const error = runtimeError('runc', 'exec: "nosuch": executable file not found in $PATH', 'nosuch');
    expect(error.code).toBe('command-not-found');
    expect(error.message).toBe(
      'there is no command nosuch in the image (runc: exec: "nosuch": executable file not found in $PATH)',
    );
    expect(error.remedy).toMatch(/spelling/);
  });

  it('says so when the runtime gives no reason', () => {
    expect(runtimeError('crun', '  \n', 'x')).toMatchObject({
      code: 'runtime-failed',
      message: 'crun failed: it gave no reason',
    });
  });
});
