import { readRoot } from '@underdock/weave';
import { expect, it } from 'vitest';

const ID = '19c0bff3d643'.padEnd(64, '0');
const root = (path: string, ...argv: string[]) =>
  readRoot({ kind: 'exec', at: 1, source: 'tracepoint', pid: 7, tid: 7, comm: 'x', path, argv });

it.each([
  ['a client’s command', '/usr/bin/docker', ['docker', 'run', 'nginx'], { role: 'client', actor: 'docker' }],
  [
    'compose as a script',
    '/usr/bin/docker-compose',
    ['/usr/bin/python3', '/usr/bin/docker-compose', 'up'],
    { role: 'client', actor: 'docker-compose' },
  ],
  [
    'a shim that is started',
    '/usr/bin/containerd-shim-runc-v2',
    ['/usr/bin/containerd-shim-runc-v2', '-namespace', 'moby', '-id', ID, 'start'],
    { role: 'shim', actor: 'containerd-shim-runc-v2', container: ID, verb: 'start' },
  ],
  [
    'the shim itself',
    '/usr/bin/containerd-shim-runc-v2',
    ['/usr/bin/containerd-shim-runc-v2', '-namespace', 'moby', '-id', ID, '-address', '/run/x.sock'],
    { role: 'shim', container: ID },
  ],
  [
    'conmon',
    '/usr/bin/conmon',
    ['/usr/bin/conmon', '--api-version', '1', '-c', ID, '-r', '/usr/bin/crun'],
    { role: 'monitor', container: ID },
  ],
  [
    'a runtime behind a shim',
    '/usr/sbin/runc',
    [
      'runc',
      '--root',
      '/run/r',
      '--log',
      '/l',
      '--log-format',
      'json',
      'create',
      '--bundle',
      '/b',
      '--pid-file',
      '/p',
      ID,
    ],
    { role: 'runtime', actor: 'runc', verb: 'create', container: ID },
  ],
  [
    'a kill, whose signal is no container',
    '/usr/sbin/runc',
    ['runc', '--root', '/r', 'kill', '--all', ID, '9'],
    { verb: 'kill', container: ID },
  ],
  [
    'a runtime that somebody types',
    '/usr/bin/crun',
    ['crun', 'run', '-b', '/tmp/bundle', 'mine'],
    { verb: 'run', container: 'mine' },
  ],
  [
    'a flag with its value joined',
    '/usr/bin/crun',
    ['crun', '--root=/r', 'delete', '--force', 'mine'],
    { verb: 'delete', container: 'mine' },
  ],
  [
    'a file that was replaced',
    '/usr/sbin/runc (deleted)',
    ['runc', 'state', 'mine'],
    { actor: 'runc', verb: 'state' },
  ],
])('%s begins something', (_name, path, argv, expected) => {
  expect(root(path, ...argv)).toMatchObject({ kind: 'root', pid: 7, argv, ...expected });
});

it('a shim itself has no verb: its start has ended', () => {
  expect(root('/usr/bin/containerd-shim-runc-v2', 'containerd-shim-runc-v2', '-id', ID)).not.toHaveProperty(
    'verb',
  );
});

it.each([
  ['runc inside itself', '/proc/self/exe', ['runc', 'init']],
  ['a runtime without a subcommand', '/usr/bin/runc', ['runc', '--version']],
  ['any other program', '/bin/sh', ['sh', '-c', 'docker run']],
  ['nothing at all', '', []],
])('%s begins nothing', (_name, path, argv) => {
  expect(root(path, ...argv)).toBeUndefined();
});
