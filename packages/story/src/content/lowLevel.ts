import { runtimeSpec, type StoryTable } from './shape.ts';

/** The low-level runtime: it builds the isolation, starts the process in it and steps aside. */
export const LOW_LEVEL: StoryTable = {
  'low-level/create': {
    title: 'The runtime builds',
    does: [
      '{runtime|base} begins to build the container from the bundle',
      '{actor} begins to build the container',
    ],
    answers: [
      '{runtime|base} is done: process {pid} waits inside',
      '{runtime|base} is done: the container stands, and a process waits in it',
      'The low-level runtime is done',
    ],
    failed: [
      '{runtime|base} can’t build the container: {message|gist}',
      'The low-level runtime can’t build the container: {error}',
    ],
    why: 'The runtime is a short-lived program. It asks the kernel for namespaces, cgroups and mounts, leaves one process waiting inside and exits. No daemon of it stays behind.',
    tryIt: ['{argv|command}', 'lsns -p {init}'],
    see: [
      runtimeSpec('runtime.md#create', 'create'),
      { title: 'runc', href: 'https://github.com/opencontainers/runc#readme' },
    ],
    terms: ['runtime', 'namespace', 'cgroup'],
  },
  'low-level/start': {
    title: 'The runtime lets go',
    does: ['{runtime|base} tells the waiting process to go on', '{actor} tells the waiting process to go on'],
    answers: ['{runtime|base} has let the process go and ends', 'The runtime has let the process go'],
    failed: [
      '{runtime|base} can’t start the process: {message|gist}',
      'The process can’t be started: {error}',
    ],
    why: 'The waiting process blocks on a small pipe in the runtime’s folder. Start opens it; the process wakes and becomes your program.',
    tryIt: ['ps -o pid,ppid,comm -p {init}'],
    see: [runtimeSpec('runtime.md#start', 'start')],
    terms: ['runtime'],
  },
  'low-level/state': {
    title: 'Ask for the state',
    does: [
      '{runtime|base} is asked for the container’s state',
      'The runtime is asked for the container’s state',
    ],
    answers: ['{runtime|base} says: {status}', 'The runtime answers'],
    failed: [
      '{runtime|base} can’t tell the state: {message|gist}',
      'The runtime can’t tell the state: {error}',
    ],
    why: 'The runtime keeps a note on each container in a folder. It reads the note, looks whether the process lives, and answers in JSON.',
    tryIt: ['{argv|command}'],
    see: [runtimeSpec('runtime.md#state', 'state')],
    terms: ['runtime'],
  },
  'low-level/kill': {
    title: 'Send a signal',
    does: [
      '{runtime|base} sends {signal} to the container’s process',
      '{actor} sends a signal to the container’s process',
    ],
    failed: ['{runtime|base} can’t send the signal: {message|gist}', 'The signal can’t be sent: {error}'],
    why: 'The runtime finds the process by its note and sends the signal from outside. Inside, the process is number 1 of its namespace: signals it does not handle itself have no effect on it, but for SIGKILL from outside.',
    tryIt: ['{argv|command}'],
    see: [runtimeSpec('runtime.md#kill', 'kill')],
    terms: ['signal', 'runtime'],
  },
  'low-level/delete': {
    title: 'The runtime takes apart',
    does: [
      '{runtime|base} removes the container’s cgroups and its notes',
      '{actor} takes the container apart',
    ],
    answers: ['{runtime|base} has taken the container apart', 'The container is taken apart'],
    failed: [
      '{runtime|base} can’t take the container apart: {message|gist}',
      'The container can’t be taken apart: {error}',
    ],
    why: 'Namespaces vanish by themselves with their last process. Cgroups are folders and have to be removed by somebody.',
    tryIt: ['{argv|command}'],
    see: [runtimeSpec('runtime.md#delete', 'delete')],
    terms: ['cgroup', 'namespace'],
  },
  'low-level/command': {
    title: 'By hand',
    does: [
      'By hand, to {why}: {text}',
      'By hand: {text}',
      'By hand: {argv|command}',
      'A command is run by hand',
    ],
    failed: [
      'This fails with exit code {exitCode}: {text}',
      'This fails: {text}: {error}',
      'A command fails: {error}',
    ],
    why: 'A container is no thing that only a runtime can make. The same system calls stand behind commands that every Linux has, and you can type them in the same order.',
    tryIt: ['{text}'],
    see: [{ title: 'unshare(1)', href: 'https://man7.org/linux/man-pages/man1/unshare.1.html' }],
    terms: ['runtime'],
  },
  'low-level/absent': {
    title: 'What is missing here',
    does: ['Not possible here: {what}[: {why}]', 'Something is not possible here'],
    why: 'Not every runtime and not every user can do everything. What is missing is said, so that the container’s protection is not overrated.',
    see: [runtimeSpec('config-linux.md', 'Linux')],
  },
  'low-level/log': {
    title: 'The runtime’s own log',
    does: ['{actor} notes: {message}', '{actor} notes something in its log'],
    many: ['{actor} notes {count} lines in its log'],
    why: 'Where underdock calls the runtime itself it asks for its log, as one more witness beside the kernel.',
    see: [{ title: 'runc', href: 'https://github.com/opencontainers/runc#readme' }],
  },
};
