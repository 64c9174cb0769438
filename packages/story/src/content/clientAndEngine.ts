import { overviewPage, runtimeSpec, type StoryTable } from './shape.ts';

/** From the command that one types to the engine that keeps containers. */
export const CLIENT_AND_ENGINE: StoryTable = {
  'client/run': {
    title: 'The command',
    does: [
      'You ask for a container from the image {image}[: {command|command}]',
      '{actor} asks for a container',
    ],
    answers: ['The run is over: exit code {exitCode}', 'The run is over'],
    failed: ['The run fails: {message|gist}', 'The run fails: {error}'],
    why: 'A client turns what you type into orders for the layer below: for an engine, or where there is none for the runtime itself. No container lives in the client. Everything below happens on behalf of this one command.',
    see: [{ title: 'docker run', href: 'https://docs.docker.com/reference/cli/docker/container/run/' }],
    terms: ['container', 'image'],
  },
  'client/attach': {
    title: 'Listening to the container',
    does: [
      'The client connects to the container’s {streams|list}',
      'The client connects to the container’s streams',
    ],
    why: 'The client connects to standard input, output and error before the process starts, so that not a single line of output is missed.',
    see: [{ title: 'docker attach', href: 'https://docs.docker.com/reference/cli/docker/container/attach/' }],
    terms: ['stream'],
  },
  'client/check-config': {
    title: 'Check config.json',
    does: [
      '{actor} holds {path|base} against the OCI runtime spec, field by field',
      '{actor} checks config.json',
    ],
    answers: [
      'It holds to the runtime spec: version {ociVersion}, no field wrong',
      'It holds to the runtime spec',
    ],
    failed: ['config.json is refused: {message|gist}', 'config.json is refused: {error}'],
    why: 'A runtime says little of a config.json that is wrong, and nothing of a field that it does not know: that is passed over in silence. So on this road every field is looked at before: its name, its type, and what it needs beside it.',
    tryIt: ['cat {path}'],
    see: [runtimeSpec('config.md', 'config.json'), runtimeSpec('config-linux.md', 'Linux')],
    terms: ['oci', 'bundle'],
  },
  'engine/create-container': {
    title: 'Create the container',
    does: [
      'The engine gives the container the id {id|short}[ and the name {name}]',
      'The engine creates the container',
    ],
    answers: [
      'The container {id|short} is created; nothing of yours runs in it yet',
      'The container is created',
    ],
    failed: ['The container can’t be created: {message|gist}', 'The container can’t be created: {error}'],
    why: 'Create and start are two acts. Create makes an id, a name, the limits and everything that the process will need; start lets the process go. Limits that you did not ask for but get anyway are underdock’s own defaults and are marked as such.',
    tryIt: ['underdock doctor'],
    see: [runtimeSpec('runtime.md#lifecycle', 'life of a container')],
    terms: ['container', 'engine'],
  },
  'engine/start-container': {
    title: 'Start the container',
    does: ['The engine lets the waiting container {id|short} go', 'The engine starts the container'],
    answers: ['The container {id|short} runs', 'The container runs'],
    failed: ['The container can’t be started: {message|gist}', 'The container can’t be started: {error}'],
    why: 'Everything is ready and one process waits inside. Start makes it replace itself with the program that you asked for.',
    see: [runtimeSpec('runtime.md#start', 'start')],
    terms: ['container'],
  },
  'engine/hold': {
    title: 'Hold',
    does: [
      '?alone {actor} types nothing yet, between create and start: all is built, the program has not begun',
      'The engine waits between create and start: all is built, the program has not begun',
    ],
    answers: ['The hold ends, released by {releasedBy}', 'The hold ends'],
    why: 'Between create and start the container is complete but for the program: namespaces, mounts and limits exist, and a process of the runtime waits inside. It is the best moment to look around.',
    tryIt: [
      'lsns -p {init}',
      'cat /proc/{init}/status',
      'cat /proc/{init}/mountinfo',
      'cat /proc/{init}/cgroup',
    ],
    see: [runtimeSpec('runtime.md#lifecycle', 'life of a container')],
    terms: ['namespace'],
  },
  'engine/stop-container': {
    title: 'Stop the container',
    does: [
      'The engine asks the process to end with {signal}[ and gives it {graceMs|duration}]',
      'The engine asks the process to end',
    ],
    answers: ['The process has ended'],
    failed: ['The container can’t be stopped: {message|gist}', 'The container can’t be stopped: {error}'],
    why: 'A polite signal first, so that the program can close files and finish work. Only when the time of grace is over comes SIGKILL, which no program can refuse.',
    see: [overviewPage('signal')],
    terms: ['signal'],
  },
  'engine/kill-container': {
    title: 'Kill the container',
    does: ['The engine ends the process with {signal}', 'The engine ends the process'],
    failed: ['The process can’t be killed: {message|gist}', 'The process can’t be killed: {error}'],
    why: 'The time of grace is over, or you asked for it. The kernel ends the process at once, without asking it.',
    see: [overviewPage('signal')],
    terms: ['signal'],
  },
  'engine/remove-container': {
    title: 'Remove the container',
    does: ['The engine removes what is left of the container {id|short}', 'The engine removes the container'],
    answers: ['Nothing of the container is left'],
    failed: ['The container can’t be removed: {message|gist}', 'The container can’t be removed: {error}'],
    why: 'A container that has ended still has its writable layer, its folder and its name. Removing takes them away; the image stays for the next run.',
    see: [runtimeSpec('runtime.md#delete', 'delete')],
  },
  'engine/has-container': {
    title: 'State of the container',
    does: [
      '?alone {actor} knows of the container {id|short}: {state}[, exit code {exitCode}]',
      'The container {id|short} is {state}[, exit code {exitCode}]',
      'The container’s state changes',
    ],
    gone: ['The container {id|short} is gone', 'The container is gone'],
    why: 'A container goes through a small machine of states: created, running, stopped. Each command is allowed in some of them and refused in others.',
    see: [runtimeSpec('runtime.md#state', 'state')],
    terms: ['container'],
  },
  'engine/recovered': {
    title: 'After a crash',
    does: [
      'The engine finds the container {id|short} from before[ and does this: {actions|list}]',
      'The engine cleans up after a crash',
    ],
    why: 'An engine that crashed may leave processes, mounts and cgroups behind. The next one looks for them, takes them over or takes them away, and says what it did.',
    see: [runtimeSpec('runtime.md#state', 'state')],
  },
};
