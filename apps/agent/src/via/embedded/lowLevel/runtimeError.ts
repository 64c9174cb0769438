import { constants } from 'node:os';
import { EmbeddedError } from '../error.ts';

/** A message of runc, crun or the like, and what it means to the user. First match wins. */
interface Lesson {
  pattern: RegExp;
  code: string;
  exitCode: number;
  /** What happened, in words; `subject` is the command that was to be run. */
  message(subject: string): string;
  remedy: string;
}

const LESSONS: readonly Lesson[] = [
  {
    pattern: /unknown version specified|(?:unsupported|unknown) (?:spec |oci)?version/i,
    code: 'version-unknown',
    exitCode: 125,
    message: () => 'this runtime does not know the ociVersion that config.json names',
    remedy: 'write an older one, such as 1.0.2, or take a newer runtime',
  },
  {
    pattern: /exec format error/i,
    code: 'exec-format',
    exitCode: 126,
    message: (subject) => `${subject} is no program that this machine can run`,
    remedy:
      'use an image for this machine’s architecture; a script needs #! and an interpreter in its first line',
  },
  {
    pattern:
      /executable file .*not found|(?:exec|executable)[^\n]*no such file or directory|stat [^\n]*no such file or directory/i,
    code: 'command-not-found',
    exitCode: 127,
    message: (subject) => `there is no command ${subject} in the image`,
    remedy: 'check the spelling and the image’s PATH, or give the command’s full path',
  },
  {
    pattern: /(?:exec|open executable)[^\n]*(?:permission denied|operation not permitted|is a directory)/i,
    code: 'command-not-executable',
    exitCode: 126,
    message: (subject) => `${subject} is in the image but can’t be executed`,
    remedy: 'name a file that is executable for the container’s user (chmod +x), not a folder',
  },
  {
    pattern: /oom-killed|unable to set memory limit|memory limit too low|set memory limit[^\n]*busy/i,
    code: 'memory-too-low',
    exitCode: 125,
    message: () => 'the memory limit leaves no room to start the container',
    remedy: 'raise --memory; about 6m is the least that works',
  },
  {
    pattern: /chdir|cwd\b|working directory|mkdir [^\n]*(?:not a directory|file exists)/i,
    code: 'workdir',
    exitCode: 126,
    message: () => 'the working directory can’t be entered',
    remedy: 'choose another folder with --workdir, or a user who may enter it',
  },
  {
    pattern:
      /cgroup[^\n]*(?:permission denied|operation not permitted|read-only file system)|rootless[^\n]*cgroup/i,
    code: 'cgroups-not-permitted',
    exitCode: 125,
    message: () => 'limits can’t be set: the cgroups are not writable for this user',
    remedy: 'run as root, or get a delegated cgroup subtree (systemd-run --user --scope -p Delegate=yes)',
  },
  {
    pattern: /no space left on device/i,
    code: 'disk-full',
    exitCode: 125,
    message: () => 'there is no space left for the container',
    remedy: 'free some space, or choose another state directory with --state DIR',
  },
  {
    pattern: /error mounting|mount[^\n]*(?:permission denied|operation not permitted|no such)/i,
    code: 'mount-failed',
    exitCode: 125,
    message: () => 'a mount of the container could not be made',
    remedy: 'look at the mount that failed in the trace, and check its source and target',
  },
];

/** What execve(2) refuses with, in the words in which runtimes complain of it. */
const EXEC_ERRORS: Readonly<Record<number, string>> = {
  [constants.errno.ENOEXEC]: 'exec format error',
  [constants.errno.ENOENT]: 'exec: no such file or directory',
  [constants.errno.EACCES]: 'exec: permission denied',
  [constants.errno.EPERM]: 'exec: operation not permitted',
};

/** What it means that the kernel was seen to refuse the container's program; undefined for an errno that tells nothing. */
export function execError(errno: number, path: string): EmbeddedError | undefined {
  const words = EXEC_ERRORS[errno];
  return words === undefined ? undefined : runtimeError('the kernel', words, path);
}

/** What a low-level runtime's complaint means. `command` is the program that the container was to run. */
export function runtimeError(runtime: string, complaint: string, command: string): EmbeddedError {
  const said = complaint.trim().replace(/\s+/g, ' ').slice(0, 600) || 'it gave no reason';
  const lesson = LESSONS.find((one) => one.pattern.test(said));
  if (!lesson) {
    return new EmbeddedError('runtime-failed', `${runtime} failed: ${said}`, {
      remedy: `look at ${runtime}’s own log in the trace, or try another runtime with --runtime`,
    });
  }
  return new EmbeddedError(lesson.code, `${lesson.message(command)} (${runtime}: ${said})`, {
    remedy: lesson.remedy,
    exitCode: lesson.exitCode,
  });
}
