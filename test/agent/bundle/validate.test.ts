import { describe, expect, it } from 'vitest';
import { validateConfig } from '../../../apps/agent/src/via/embedded/bundle/validate.ts';

const good = () => ({
  ociVersion: '1.0.2',
  process: {
    terminal: false,
    user: { uid: 0, gid: 0 },
    args: ['true'],
    env: ['A=1'],
    cwd: '/',
    capabilities: { bounding: ['CAP_CHOWN'], effective: [], inheritable: [], permitted: [], ambient: [] },
    noNewPrivileges: true,
  },
  root: { path: '/rootfs', readonly: false },
  hostname: 'box',
  mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
  linux: { namespaces: [{ type: 'uts' }] },
});
type Config = ReturnType<typeof good>;

describe('a configuration', () => {
  it('passes when it holds to the runtime spec', () => expect(validateConfig(good())).toEqual(good()));

  it.each<[string, (config: Config) => unknown, string]>([
    ['no arguments', (c) => Object.assign(c.process, { args: [] }), 'process.args'],
    [
      'a relative working folder',
      (c) => Object.assign(c.process, { cwd: 'srv' }),
      'process.cwd: must be an absolute path',
    ],
    [
      'a variable without =',
      (c) => Object.assign(c.process, { env: ['A'] }),
      'process.env.0: must be NAME=value',
    ],
    ['a NUL in an argument', (c) => Object.assign(c.process, { args: ['a\0b'] }), 'must not contain a NUL'],
    [
      'an unknown capability',
      (c) => c.process.capabilities.bounding.push('CAP_FLY'),
      'process.capabilities.bounding.1',
    ],
    ['a negative user id', (c) => Object.assign(c.process.user, { uid: -1 }), 'process.user.uid'],
    ['a relative mount', (c) => Object.assign(c.mounts[0]!, { destination: 'proc' }), 'mounts.0.destination'],
    ['a field that nobody knows', (c) => Object.assign(c, { surprise: 1 }), 'surprise'],
    ['an unknown namespace', (c) => c.linux.namespaces.push({ type: 'dream' }), 'linux.namespaces.1.type'],
    [
      'a namespace twice',
      (c) => c.linux.namespaces.push({ type: 'uts' }),
      'a namespace type must occur once',
    ],
    [
      'a hostname without its namespace',
      (c) => Object.assign(c.linux, { namespaces: [] }),
      'a hostname needs a uts namespace',
    ],
    [
      'maps without a user namespace',
      (c) => Object.assign(c.linux, { uidMappings: [] }),
      'id mappings need a user namespace',
    ],
  ])('is refused with %s', (_, spoil, message) => {
    const config = good();
    spoil(config);
    expect(() => validateConfig(config)).toThrow(message);
  });

  it('is refused with every fault named at once', () => {
    const config = good();
    Object.assign(config.process, { cwd: 'x', args: [] });
    expect(() => validateConfig(config)).toThrow(/process\.args.*process\.cwd/);
  });
});
