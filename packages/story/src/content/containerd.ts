import { runtimeSpec, type StoryTable } from './shape.ts';

const API = { title: 'containerd’s API', href: 'https://github.com/containerd/containerd/tree/main/api' };
const SHIM = {
  title: 'containerd: shims',
  href: 'https://github.com/containerd/containerd/blob/main/core/runtime/v2/README.md',
};

/** What engine, containerd and shim say to each other where each is a program of its own. */
export const CONTAINERD: StoryTable = {
  'high-level/create-container': {
    title: 'Note the container down',
    does: [
      'containerd notes the container {id|short} down: {method|rpc}',
      'containerd notes the container down: {method|rpc}',
      'A container is noted down',
    ],
    answers: ['The container {id|short} is noted down; nothing runs yet', 'The container is noted down'],
    failed: [
      'The container can’t be noted down: {message|gist}',
      'The container can’t be noted down: {error}',
    ],
    why: 'For containerd a container is a note: its id, its image, its runtime and the whole OCI configuration that whoever asks has made. A process comes only with a task.',
    tryIt: ['ctr --namespace moby containers info {id}'],
    see: [API],
    terms: ['container', 'oci', 'task'],
  },
  'high-level/has-config': {
    title: 'The bundle’s config.json',
    does: ['The order for the runtime was read from {path|tail}', 'The order for the runtime was read'],
    gone: ['The order for the runtime is gone'],
    why: 'While the container waits its bundle lies on the disk. What its config.json says is read from there: it is exactly what the low-level runtime was given, whoever wrote it.',
    tryIt: ['cat {path}'],
    see: [runtimeSpec('config.md', 'config.json')],
    terms: ['bundle', 'oci'],
  },
  'high-level/call': {
    title: 'Ask containerd',
    does: [
      'containerd is asked to {method|deed}: {method|rpc}',
      'containerd is called: {method|rpc}',
      'A call',
    ],
    answers: ['containerd has answered {method|rpc}', 'The answer has come'],
    many: ['containerd is called {count} times'],
    failed: [
      'containerd can’t do {method|rpc}: {message|gist}',
      'containerd can’t do {method|rpc}: {error}',
      'The call fails: {error}',
    ],
    why: 'An engine, or whoever else asks, and containerd talk gRPC over a socket: a service, a method, and a message in a compact binary form. underdock reads the fields that say what is asked, and leaves out what might be secret.',
    see: [API, { title: 'gRPC', href: 'https://grpc.io/docs/what-is-grpc/core-concepts/' }],
    terms: ['engine'],
  },
  'high-level/start-shim': {
    title: 'A shim is started',
    does: [
      'containerd calls {argv|tidier} once more, to clear up what may be left',
      'containerd starts a shim for the container: {argv|program}',
      '{actor} is started for the container',
    ],
    answers: [
      '{argv|tidier} has cleared up',
      'The shim is there and listens',
      'The shim has ended: exit code {exitCode}',
    ],
    failed: ['The shim can’t be started: {message|gist}', 'The shim can’t be started: {error}'],
    why: 'A shim stands between containerd and the container for as long as the container lives. It is the parent of the process, holds its streams and learns its exit code; so containerd can be restarted and no container ends.',
    tryIt: ['ps -ef | grep containerd-shim'],
    see: [SHIM],
    terms: ['container', 'stream', 'exitCode'],
  },
  'high-level/shim-request': {
    title: 'Ask the shim',
    does: ['The shim is asked to {method|deed}: {method|rpc}', 'The shim is called: {method|rpc}', 'A call'],
    answers: ['The shim answers {method|rpc}', 'The shim has answered'],
    failed: [
      'The shim can’t do {method|rpc}: {message|gist}',
      'The shim can’t do {method|rpc}: {error}',
      'The call fails: {error}',
    ],
    why: 'containerd talks with shims by ttrpc, a small relative of gRPC that needs little memory: there may be hundreds of shims. Most requests become one call of the low-level runtime.',
    see: [SHIM, { title: 'ttrpc', href: 'https://github.com/containerd/ttrpc' }],
    terms: ['task', 'runtime'],
  },
  'high-level/shim-query': {
    title: 'A question to the shim',
    does: [
      'The shim is asked to {method|deed}: {method|rpc}',
      'The shim is asked: {method|rpc}',
      'A question',
    ],
    answers: ['The shim answers {method|rpc}', 'The shim has answered'],
    many: ['The shim is asked {count} questions'],
    failed: ['The shim can’t answer {method|rpc}: {message|gist}', 'The shim can’t answer: {error}'],
    why: 'containerd asks the shim for what only the shim knows: whether the process lives, its pid, how much memory it uses.',
    see: [SHIM],
    terms: ['pid'],
  },
  'high-level/event': {
    title: 'containerd tells',
    does: ['containerd tells everybody: {topic|quoted}', 'containerd tells what has happened'],
    many: ['containerd tells {count} events'],
    why: 'containerd has a stream of events. The engine learns of a container’s exit from it, and so does underdock: one more witness.',
    tryIt: ['ctr --namespace moby events'],
    see: [API],
    terms: ['exitCode'],
  },
};
