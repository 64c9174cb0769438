import { kernelDoc, runtimeSpec, type StoryTable } from './shape.ts';

const runc = (verb: string) => ({
  title: `runc-${verb}(8)`,
  href: `https://github.com/opencontainers/runc/blob/main/man/runc-${verb}.8.md`,
});

/** What a low-level runtime can do besides creating, starting and deleting. */
export const RUNTIME_VERBS: StoryTable = {
  'low-level/run': {
    title: 'Create and start in one',
    does: [
      '{runtime|base} builds the container and starts it at once',
      '{actor} builds the container and starts it at once',
    ],
    answers: ['{runtime|base} is done: exit code {exitCode}', 'The runtime is done'],
    failed: ['{runtime|base} can’t run the container: {message|gist}', 'The container can’t be run: {error}'],
    why: 'run is create and start in one command. It is what one types by hand; engines keep the two apart, so that they can prepare the network and look around in between.',
    tryIt: ['{argv|command}'],
    see: [runc('run'), runtimeSpec('runtime.md#lifecycle', 'life of a container')],
    terms: ['runtime'],
  },
  'low-level/exec': {
    title: 'One more process inside',
    does: [
      '{runtime|base} starts one more process in the container',
      '{actor} starts one more process in the container',
    ],
    answers: ['{runtime|base} has put the process inside', 'The process is inside'],
    failed: [
      '{runtime|base} can’t start the process: {message|gist}',
      'The process can’t be started: {error}',
    ],
    why: 'No new namespaces are made: the runtime enters those of the container one by one with setns, joins its cgroup, and executes the program there. It is a neighbour of the first process, and not its child.',
    tryIt: ['{argv|command}', 'nsenter --target {init} --all'],
    see: [runc('exec')],
    terms: ['namespace', 'cgroup', 'runtime'],
  },
  'low-level/update': {
    title: 'New limits',
    does: ['{runtime|base} changes the container’s limits', '{actor} changes the container’s limits'],
    answers: ['{runtime|base} has written the new limits', 'The new limits are written'],
    failed: [
      '{runtime|base} can’t change the limits: {message|gist}',
      'The limits can’t be changed: {error}',
    ],
    why: 'Limits are values in files of the cgroup. They can be written again while the process runs, and hold at once; the process is neither asked nor told.',
    tryIt: ['{argv|command}', 'cat /proc/{init}/cgroup'],
    see: [runc('update'), kernelDoc('admin-guide/cgroup-v2.html', 'control group v2')],
    terms: ['cgroup', 'runtime'],
  },
  'low-level/pause': {
    title: 'Freeze the container',
    does: ['{runtime|base} freezes the container', '{actor} freezes the container'],
    answers: ['The container is frozen'],
    failed: [
      '{runtime|base} can’t freeze the container: {message|gist}',
      'The container can’t be frozen: {error}',
    ],
    why: 'The kernel stops giving processor time to any process of the cgroup. They stay in memory with all they hold, and do not notice.',
    tryIt: ['{argv|command}'],
    see: [runc('pause'), kernelDoc('admin-guide/cgroup-v1/freezer-subsystem.html', 'freezer')],
    terms: ['cgroup'],
  },
  'low-level/resume': {
    title: 'Thaw the container',
    does: ['{runtime|base} lets the frozen container go on', '{actor} lets the frozen container go on'],
    answers: ['The container goes on'],
    failed: [
      '{runtime|base} can’t thaw the container: {message|gist}',
      'The container can’t be thawed: {error}',
    ],
    why: 'The processes go on where they were. A clock that they look at now has jumped.',
    tryIt: ['{argv|command}'],
    see: [runc('resume'), kernelDoc('admin-guide/cgroup-v1/freezer-subsystem.html', 'freezer')],
    terms: ['cgroup'],
  },
  'low-level/call': {
    title: 'The runtime is called',
    does: ['The runtime is called: {argv|command}', '{actor} is called'],
    answers: ['{runtime|base} has ended: exit code {exitCode}', 'The runtime has ended'],
    failed: ['{runtime|base} fails: {message|gist}', 'The runtime fails: {error}'],
    why: 'Not every call builds something: engines also ask a runtime which features it has, which containers it knows and which processes run in one.',
    tryIt: ['{argv|command}'],
    see: [{ title: 'runc(8)', href: 'https://github.com/opencontainers/runc/blob/main/man/runc.8.md' }],
    terms: ['runtime'],
  },
};
