import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunRequest } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dockerSpelling, type RunFlags, runCommand } from '../../../apps/agent/src/cli/runFlags.ts';
import { requestFrom } from '../../../apps/agent/src/cli/runRequest.ts';

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'underdock-flags-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

const ENV = { SHELL: '/bin/bash', TOKEN: 'caller’s', EMPTY: '' };

function request(...args: string[]): RunRequest {
  let made: RunRequest | undefined;
  const command = runCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .action((image: string, words: string[], flags: RunFlags) => {
      made = requestFrom(image, words, flags, { env: ENV, cwd });
    });
  command.parse(dockerSpelling(args, command), { from: 'user' });
  return made!;
}

test('an image alone is a whole request', () => {
  expect(request('starter')).toMatchObject({
    image: 'starter',
    command: [],
    env: [],
    rm: false,
    keep: false,
  });
});

test('docker’s flags mean what they mean there', () => {
  const args =
    '-m 64m --cpus 0.5 --pids-limit 20 --name web -h box -e A=1 -e B=x=y -u 1000:1000 -w /srv -v /srv:/srv:ro --mount type=tmpfs,dst=/t --network none --read-only --cap-add NET_ADMIN --cap-drop ALL --entrypoint sh -p 80:80 -d --rm starter -c ls';
  expect(request(...args.split(' '))).toMatchObject({
    image: 'starter',
    command: ['-c', 'ls'],
    memory: '64m',
    cpus: 0.5,
    pidsLimit: 20,
    name: 'web',
    hostname: 'box',
    env: ['A=1', 'B=x=y'],
    user: '1000:1000',
    workdir: '/srv',
    volume: ['/srv:/srv:ro'],
    mount: ['type=tmpfs,dst=/t'],
    network: 'none',
    readOnly: true,
    capAdd: ['NET_ADMIN'],
    capDrop: ['ALL'],
    entrypoint: 'sh',
    publish: ['80:80'],
    detach: true,
    rm: true,
  });
});

test('ours are there as well', () => {
  const args = [
    '--via',
    'oci',
    '--runtime',
    'crun',
    '--engine',
    'private',
    '--socket',
    '/s',
    '--hold',
    '--keep',
    '--plain-http',
  ];
  expect(request(...args, 'x')).toMatchObject({
    via: 'oci',
    runtime: 'crun',
    engine: 'private',
    socket: '/s',
    hold: true,
    keep: true,
    plainHttp: true,
  });
});

describe('spellings', () => {
  test.each([
    ['-it'],
    ['-ti'],
    ['-i', '-t'],
    ['--interactive', '--tty'],
    ['-i=true', '--tty=true'],
    ['-ith', 'box'],
  ])('%s %s', (...flags) => {
    expect(request(...flags.filter(Boolean), 'starter', 'sh')).toMatchObject({
      image: 'starter',
      command: ['sh'],
      interactive: true,
      tty: true,
    });
  });

  test.each([['-m64m'], ['-m=64m'], ['-m', '64m'], ['--memory=64m'], ['--memory', '64m']])(
    '%s %s',
    (...flags) => {
      expect(request(...flags.filter(Boolean), 'starter')).toMatchObject({ image: 'starter', memory: '64m' });
    },
  );

  test('a flag that is switched off is off', () => {
    expect(request('--rm=false', '--read-only=false', 'x')).toMatchObject({ rm: false, readOnly: false });
  });
});

test('everything after the image belongs to the command, flags and -- too', () => {
  expect(request('-i', 'starter', 'ls', '-la', '--help', '--', '-h', '-m=1', '--rm=true').command).toEqual([
    'ls',
    '-la',
    '--help',
    '--',
    '-h',
    '-m=1',
    '--rm=true',
  ]);
});

test('the value of a flag is not taken for the image, even if it looks like one', () => {
  expect(request('--name', 'starter', '-e', '-x=1', 'alpine', 'starter')).toMatchObject({
    image: 'alpine',
    name: 'starter',
    env: ['-x=1'],
  });
});

describe('variables', () => {
  test('KEY alone takes the caller’s value, and is left out where there is none', () => {
    expect(request('-e', 'TOKEN', '-e', 'EMPTY', '-e', 'NOWHERE', 'x').env).toEqual([
      'TOKEN=caller’s',
      'EMPTY=',
    ]);
  });

  test('of a file come first, so that -e wins; comments and empty lines are none', () => {
    writeFileSync(join(cwd, 'env'), '# comment\nA=1\r\n\n  B="quoted" # not a comment\nTOKEN\n');
    expect(request('-e', 'A=2', '--env-file', 'env', 'x').env).toEqual([
      'A=1',
      'B="quoted" # not a comment',
      'TOKEN=caller’s',
      'A=2',
    ]);
  });
});

test('relative folders of -v are those of the caller; names stay names', () => {
  expect(request('-v', './a:/a', '-v', '..:/b:ro', '-v', '/c:/c', '-v', 'cache:/d', 'x').volume).toEqual([
    `${cwd}/a:/a`,
    `${join(cwd, '..')}:/b:ro`,
    '/c:/c',
    'cache:/d',
  ]);
});

describe('a wrong flag is named', () => {
  test.each([
    [['-m', 'lots', 'x'], /^--memory: must be a size/],
    [['--pids-limit', '0', 'x'], /^--pids-limit: must be -1/],
    [['--cpus', 'many', 'x'], /^--cpus: /],
    [['-w', 'relative', 'x'], /^--workdir: must be an absolute path/],
    [['--name', '../x', 'x'], /^--name: must begin/],
    [['--hostname', 'a_b', 'x'], /^--hostname: must be a host name/],
    [['--via', 'teleport', 'x'], /^--via: /],
    [['-e', '=x', 'x'], /^--env =x: a variable needs a name/],
    [['--env-file', 'gone', 'x'], /^--env-file gone can't be read \(ENOENT\)/],
    [[''], /^IMAGE: /],
    [['x', 'a\0b'], /^COMMAND: must not contain a NUL/],
  ])('%j', (args, says) => {
    expect(() => request(...args)).toThrow(says);
  });

  test.each([[['--privileged', 'x']], [['--memory']], [[]]])('%j is refused', (args) => {
    expect(() => request(...args)).toThrow();
  });
});
