import { overviewPage, type StoryTable } from './shape.ts';

const ENGINE_API = { title: 'Docker Engine API', href: 'https://docs.docker.com/reference/api/engine/' };

/** What a client and an engine say to each other where both are programs of their own. */
export const REQUESTS: StoryTable = {
  'client/command': {
    title: 'Somebody’s command',
    does: ['Somebody types: {argv|typed}', 'Somebody starts {actor}'],
    answers: ['The command is over: exit code {exitCode}', 'The command is over'],
    failed: ['The command fails: {message|gist}', 'The command fails: {error}'],
    why: 'underdock did not start this command; it saw it being executed on this host. A client such as docker is a small program: it turns its arguments into requests, waits for the answers and prints them.',
    see: [{ title: 'docker', href: 'https://docs.docker.com/reference/cli/docker/' }],
    terms: ['container'],
  },
  'client/request': {
    title: 'Ask a daemon',
    does: [
      '{actor} asks the engine to {path|deed}: {method} {path|endpoint}',
      '{actor} asks the engine: {method} {path|endpoint}',
      '{actor} calls {method|rpc}',
      '{actor} asks the engine',
    ],
    answers: ['The answer has come: {status}', '{method|rpc} is answered: {code}', 'The answer has come'],
    failed: [
      '{method|rpc} is refused ({code}): {message|gist}',
      'The engine says no: {message|gist}',
      'The engine says no: {status}',
      'The request fails: {error}',
    ],
    why: 'Client and engine need not be on the same machine. Mostly they talk over a socket that is a file; with docker it is HTTP over /var/run/docker.sock: whoever may write to it may do as root what the daemon can do. With containerd and with the runtimes behind Kubernetes they talk gRPC: a service, a method, and a message in a compact binary form.',
    tryIt: ['curl --unix-socket /var/run/docker.sock http://localhost{path|versionPath}'],
    see: [ENGINE_API, overviewPage('unix')],
    terms: ['engine'],
  },
  'engine/request': {
    title: 'A request arrives',
    does: [
      'The engine is asked to {path|deed}: {method} {path|endpoint}',
      'The engine takes the request {method} {path|endpoint}',
      'A request reaches the engine',
    ],
    answers: [
      '?hijacked The engine turns the connection into the container’s streams',
      'The engine answers {status}: {path|done}',
      'The engine answers {method} {path|endpoint}: {status}',
      'The engine is done: {path|done}',
      'The engine answers',
    ],
    failed: [
      'The engine says no to {method} {path|endpoint}: {message|gist}',
      'The engine says no to {method} {path|endpoint}: {status}',
      'The engine says no: {error}',
    ],
    why: 'The engine is a server. What you type is, for it, a request with a method and a path; any program that can speak HTTP can send the same. It keeps what it knows of images, containers, networks and volumes, and has others do the work.',
    see: [ENGINE_API],
    terms: ['engine', 'container'],
  },
  'engine/query': {
    title: 'A question arrives',
    does: [
      'The engine is asked to {path|deed}: {method} {path|endpoint}',
      'The engine is asked: {method} {path|endpoint}',
      'A question reaches the engine',
    ],
    answers: ['The engine answers {status}', 'The engine answers'],
    many: ['The engine is asked {count} questions'],
    failed: [
      'The engine can’t answer {method} {path|endpoint}: {message|gist}',
      'The engine can’t answer {method} {path|endpoint}: {status}',
      'The engine can’t answer: {error}',
    ],
    why: 'GET and HEAD change nothing. Clients ask a lot before they act: whether the engine is there, which version it speaks, whether an image is on the host.',
    see: [ENGINE_API],
    terms: ['engine'],
  },
  'engine/event': {
    title: 'The engine tells',
    does: ['The engine tells everybody: {topic|quoted}', 'The engine tells what has happened'],
    many: ['The engine tells {count} events'],
    why: 'Whoever wants to know what happens to containers need not ask again and again: the engine has a stream of events. It is a witness of its own, for the engine says it after the fact.',
    tryIt: ['docker events'],
    see: [{ title: 'docker events', href: 'https://docs.docker.com/reference/cli/docker/system/events/' }],
    terms: ['engine'],
  },
  'engine/build-step': {
    title: 'A line of the build file',
    does: ['The build goes on: {text|quoted}', 'The build goes on'],
    why: 'A build makes an image line by line: each line that changes files becomes a layer, and RUN starts a container for it. A line that has not changed since last time is taken from what was kept.',
    see: [{ title: 'docker build', href: 'https://docs.docker.com/build/building/best-practices/' }],
    terms: ['image', 'layer'],
  },
};
