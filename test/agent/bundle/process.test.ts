import { describe, expect, it } from 'vitest';
import { buildArgs, buildCwd, buildEnv } from '../../../apps/agent/src/via/embedded/bundle/process.ts';
import { Origins } from '../../../apps/agent/src/via/embedded/bundle/provenance.ts';

const args = (request: { command?: string[]; entrypoint?: string }, image = {}) =>
  buildArgs({ command: [], ...request }, image, new Origins());
const nginx = { Entrypoint: ['/entry.sh'], Cmd: ['nginx', '-g', 'daemon off;'] };

describe('the command line of a container', () => {
  it('is the image’s Entrypoint and Cmd', () =>
    expect(args({}, nginx)).toEqual(['/entry.sh', 'nginx', '-g', 'daemon off;']));
  it('has Cmd replaced by a command', () =>
    expect(args({ command: ['sh'] }, nginx)).toEqual(['/entry.sh', 'sh']));
  it('has Entrypoint replaced by the flag, which clears Cmd', () =>
    expect(args({ entrypoint: '/bin/ls' }, nginx)).toEqual(['/bin/ls']));
  it('takes both flag and command', () =>
    expect(args({ entrypoint: '/bin/ls', command: ['-l'] }, nginx)).toEqual(['/bin/ls', '-l']));
  it('has no Entrypoint when the flag is empty', () =>
    expect(args({ entrypoint: '', command: ['id'] }, nginx)).toEqual(['id']));
  it('is refused when nothing is left to run', () => {
    expect(() => args({})).toThrow('neither the image nor the command line says what to run');
    expect(() => args({ entrypoint: '' }, nginx)).toThrow('what to run');
    expect(() => args({}, { Entrypoint: null, Cmd: null })).toThrow('what to run');
  });
  it('remembers which part came from where', () => {
    const origins = new Origins();
    buildArgs({ command: ['sh'] }, nginx, origins);
    expect(origins.provenance).toEqual([
      { flag: 'Entrypoint', from: 'image', field: 'process.args', value: ['/entry.sh'] },
      { flag: 'COMMAND', from: 'flag', field: 'process.args', value: ['sh'] },
    ]);
  });
});

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const env = (flags: string[], image: string[] = [], tty = false) =>
  buildEnv({ env: flags }, { Env: image }, { hostname: 'box', home: '/root', tty }, new Origins());

describe('the environment of a container', () => {
  it('begins with PATH and HOSTNAME and ends with HOME', () =>
    expect(env([])).toEqual([PATH, 'HOSTNAME=box', 'HOME=/root']));
  it('has TERM with a terminal', () => expect(env([], [], true)).toContain('TERM=xterm'));
  it('has the flags before the image', () =>
    expect(env(['B=2'], ['A=1'])).toEqual([PATH, 'HOSTNAME=box', 'B=2', 'A=1', 'HOME=/root']));
  it('has the image’s PATH in the place of the default', () =>
    expect(env([], ['PATH=/x'])[0]).toBe('PATH=/x'));
  it('lets a flag win over the image', () => expect(env(['A=flag'], ['A=image'])).toContain('A=flag'));
  it('lets a flag win over the default', () => expect(env(['HOSTNAME=mine'])).toContain('HOSTNAME=mine'));
  it('takes the last word on a name', () =>
    expect(env(['A=1', 'A=2']).filter((one) => one.startsWith('A='))).toEqual(['A=2']));
  it('loses a variable that is named without a value', () => {
    expect(env(['A'], ['A=1'])).toEqual([PATH, 'HOSTNAME=box', 'HOME=/root']);
    expect(env(['HOME'])).toEqual([PATH, 'HOSTNAME=box']);
  });
  it('keeps a HOME that is set', () =>
    expect(env([], ['HOME=/srv'])).toEqual([PATH, 'HOSTNAME=box', 'HOME=/srv']));
  it('keeps values with = and newlines as they are', () => expect(env(['A=b=c\nd'])).toContain('A=b=c\nd'));
  it('refuses a variable without a name', () => expect(() => env(['=x'])).toThrow('has no name'));
  it('keeps values out of the provenance', () => {
    const origins = new Origins();
    buildEnv({ env: ['KEY=secret'] }, {}, { hostname: 'box', home: '/', tty: false }, origins);
    expect(JSON.stringify(origins.provenance)).not.toContain('secret');
    expect(origins.provenance).toContainEqual({
      flag: '--env',
      from: 'flag',
      field: 'process.env',
      value: 'KEY',
    });
  });
});

describe('the working folder', () => {
  const cwd = (workdir: string | undefined, image: string | undefined) =>
    buildCwd({ workdir }, { WorkingDir: image }, new Origins());
  it.each([
    [undefined, undefined, '/'],
    [undefined, '', '/'],
    [undefined, '/srv/', '/srv'],
    [undefined, 'srv', '/srv'],
    ['/a/../b', '/srv', '/b'],
  ])('of flag %s and image %s is %s', (flag, image, result) => expect(cwd(flag, image)).toBe(result));
});
