import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { beforeEach, describe, expect, it } from 'vitest';
import { faultsOf } from '../../../apps/agent/src/via/oci/configFaults.ts';

/** Debian's golang-github-opencontainers-specs-dev has the spec's own schema; it is held against ours where it is. */
const SCHEMAS = '/usr/share/gocode/src/github.com/opencontainers/runtime-spec/schema';

const good = () => ({
  ociVersion: '1.0.2',
  process: { cwd: '/', args: ['true'], env: ['A=b'], user: { uid: 0, gid: 0 } },
  root: { path: 'rootfs' },
  hostname: 'box',
  mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
  linux: {
    namespaces: [{ type: 'uts' }, { type: 'pid' }],
    resources: { memory: { limit: 1000 }, pids: { limit: 5 }, cpu: { shares: 3 }, unified: { a: 'b' } },
    seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['kill'], action: 'SCMP_ACT_LOG' }] },
    devices: [{ type: 'c', path: '/dev/x', major: 1, minor: 2, fileMode: 438 }],
  },
});
type Config = ReturnType<typeof good>;

/** What the spec's schema refuses too: types, missing fields, words that are no choice. */
const SPOILT: [string, (config: Config) => unknown, string][] = [
  [
    'a limit in quotes',
    (c) => Object.assign(c.linux.resources.memory, { limit: '64m' }),
    'linux.resources.memory.limit',
  ],
  [
    'a broken number',
    (c) => Object.assign(c.linux.resources.pids, { limit: 1.5 }),
    'linux.resources.pids.limit',
  ],
  ['arguments that are no list', (c) => Object.assign(c.process, { args: 'true' }), 'process.args'],
  ['a number among arguments', (c) => Object.assign(c.process, { args: ['true', 5] }), 'process.args.1'],
  ['no cwd', (c) => Object.assign(c.process, { cwd: undefined }), 'process.cwd'],
  ['no version', (c) => Object.assign(c, { ociVersion: undefined }), 'ociVersion'],
  ['a user id below zero', (c) => Object.assign(c.process.user, { uid: -1 }), 'process.user.uid'],
  ['a user id too big', (c) => Object.assign(c.process.user, { uid: 2 ** 32 }), 'process.user.uid'],
  ['an unknown namespace', (c) => c.linux.namespaces.push({ type: 'dream' }), 'linux.namespaces.2.type'],
  [
    'an unknown seccomp action',
    (c) => Object.assign(c.linux.seccomp, { defaultAction: 'NO' }),
    'linux.seccomp.defaultAction',
  ],
  [
    'a call without a name',
    (c) => Object.assign(c.linux.seccomp.syscalls[0]!, { names: [] }),
    'linux.seccomp.syscalls.0.names',
  ],
  [
    'a mount without a place',
    (c) => Object.assign(c.mounts[0]!, { destination: undefined }),
    'mounts.0.destination',
  ],
  [
    'a device of an unknown kind',
    (c) => Object.assign(c.linux.devices[0]!, { type: 'z' }),
    'linux.devices.0.type',
  ],
  [
    'a limit of the wrong name’s form',
    (c) => Object.assign(c.process, { rlimits: [{ type: 'NOFILE', hard: 1, soft: 1 }] }),
    'process.rlimits.0.type',
  ],
  ['a root that is a text', (c) => Object.assign(c, { root: 'rootfs' }), 'root'],
  [
    'a hook without a path',
    (c) => Object.assign(c, { hooks: { poststop: [{ args: ['x'] }] } }),
    'hooks.poststop.0.path',
  ],
];

const textOf = (change: (config: Config) => unknown = () => {}) => {
  const config = good();
  change(config);
  return JSON.stringify(config, undefined, 1);
};

describe('what is wrong with a config.json', () => {
  it('is nothing where it holds to the spec', () => expect(faultsOf(textOf()).faults).toEqual([]));

  it.each(SPOILT)('is told for %s by the field’s path', (_, change, field) => {
    expect(faultsOf(textOf(change)).faults.map((one) => one.field)).toEqual([field]);
  });

  it.each<[string, (config: Config) => unknown, string, RegExp]>([
    ['a name misspelt', (c) => Object.assign(c.process, { arg: [] }), 'process.arg', /did you mean args\?/],
    [
      'a relative cwd',
      (c) => Object.assign(c.process, { cwd: 'srv' }),
      'process.cwd',
      /absolute path, and is the text "srv"/,
    ],
    ['another version', (c) => Object.assign(c, { ociVersion: '2.0.0' }), 'ociVersion', /1\.x\.y/],
    [
      'a host name without a namespace for it',
      (c) => c.linux.namespaces.shift(),
      'hostname',
      /needs a namespace of type uts/,
    ],
    ['a namespace twice', (c) => c.linux.namespaces.push({ type: 'pid' }), 'linux.namespaces', /once/],
  ])('says what is wanted for %s', (_, change, field, said) => {
    expect(faultsOf(textOf(change)).faults).toMatchObject([{ field, message: expect.stringMatching(said) }]);
  });

  it('names the line, also of a text that is no JSON', () => {
    const { faults } = faultsOf(textOf((c) => Object.assign(c, { hostname: 5 })));
    const lines = textOf().split('\n');
    expect(lines[faults[0]!.line! - 1]).toContain('"hostname"');
    expect(faultsOf('{\n "a": 1,\n nonsense }').faults).toMatchObject([{ field: '', line: 3 }]);
  });

  it('keeps the digits of numbers that a double can’t hold', () => {
    const text = textOf((c) => Object.assign(c.process, { rlimits: [] })).replace(
      '"rlimits": []',
      '"rlimits": [{ "type": "RLIMIT_CORE", "hard": 18446744073709551615, "soft": 0 }]',
    );
    const { faults, config } = faultsOf(text);
    expect(faults).toEqual([]);
    expect(JSON.stringify(config)).toContain('18446744073709551615');
  });
});

describe('the spec’s own schema', () => {
  beforeEach((context) => {
    if (!existsSync(SCHEMAS)) context.skip('not on this machine: golang-github-opencontainers-specs-dev');
  });
  const read = (name: string) =>
    JSON.parse(readFileSync(join(SCHEMAS, name), 'utf8').replaceAll(/"\\$schema": "[^"]*",?/g, ''));
  const validate = () => {
    const ajv = new Ajv({ strict: false, logger: false });
    for (const name of ['defs.json', 'defs-linux.json', 'config-linux.json']) ajv.addSchema(read(name), name);
    for (const name of ['solaris', 'windows', 'vm', 'zos'])
      ajv.addSchema({ [name]: {} }, `config-${name}.json`);
    const { $schema: _draft, ...own } = read('config-schema.json');
    return ajv.compile(own);
  };

  it('agrees on what holds', () => expect(validate()(good())).toBe(true));

  it.each(SPOILT)('refuses %s too', (_, change) => {
    expect(validate()(JSON.parse(textOf(change)))).toBe(false);
  });
});
