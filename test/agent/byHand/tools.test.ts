import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OciConfig } from '../../../apps/agent/src/via/embedded/bundle/ociConfig.ts';
import { checkCommand } from '../../../apps/agent/src/via/embedded/lowLevel/byHand/commandCheck.ts';
import { lastCommand } from '../../../apps/agent/src/via/embedded/lowLevel/byHand/lastCommand.ts';
import {
  findTools,
  loaderOf,
  mustHaveTools,
  planToolbox,
} from '../../../apps/agent/src/via/embedded/lowLevel/byHand/tools.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tools-test-'));
  mkdirSync(path.join(folder, 'bin'));
  writeFileSync(path.join(folder, 'bin/run'), '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(path.join(folder, 'bin/text'), 'x');
  chmodSync(path.join(folder, 'bin/text'), 0o644);
  symlinkSync('/bin/run', path.join(folder, 'bin/link'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const config = (args: string[], cwd = '/') =>
  ({
    process: {
      args,
      cwd,
      env: ['PATH=/usr/bin:/bin', 'A=b c'],
      user: { uid: 7, gid: 8, additionalGids: [8, 50] },
      capabilities: { bounding: ['CAP_CHOWN', 'CAP_NET_RAW'] },
      noNewPrivileges: true,
    },
  }) as unknown as OciConfig;

describe('the commands that by-hand needs', () => {
  it('are named with the packages that bring them when they are missing', async () => {
    const { missing } = await findTools([folder]);
    expect(missing).toContainEqual({ tool: 'setpriv', package: 'util-linux' });
    expect(() => mustHaveTools(missing)).toThrow(
      expect.objectContaining({
        code: 'tool-missing',
        remedy: expect.stringContaining('install dash, coreutils, util-linux'),
      }),
    );
  });

  it('run from one folder with their own loader and libraries', async () => {
    const { tools } = await findTools();
    const toolbox = await planToolbox(tools, ['env']);
    const loader = await loaderOf(tools.paths.get('env')!);
    expect(loader).toMatch(/^\//);
    expect(toolbox.files).toEqual(expect.arrayContaining([tools.paths.get('env'), loader]));
    expect(toolbox.call('env')).toEqual([`./${path.basename(loader!)}`, '--library-path', '.', './env']);
  });

  it('that are static run by themselves', async () => expect(await loaderOf('/bin/busybox')).toBeUndefined());
});

describe('the last command', () => {
  const toolbox = { files: [], call: (name: string) => [`./${name}`] };

  it('gives up privileges, leaves the host’s folder and becomes the program', () =>
    expect(lastCommand(config(['run', 'a b'], '/srv'), toolbox, true)).toEqual([
      ...[
        './setpriv',
        '--reuid',
        '7',
        '--regid',
        '8',
        '--groups',
        '8,50',
        '--inh-caps=-all',
        '--ambient-caps=-all',
      ],
      ...['--bounding-set=-all,+chown,+net_raw', '--no-new-privs', '--', './env', '-i', '--default-signal'],
      ...['--chdir=/srv', '--', 'PATH=/usr/bin:/bin', 'A=b c', 'run', 'a b'],
    ]));

  it('leaves groups alone where the kernel lets nobody change them', () =>
    expect(lastCommand(config(['run']), toolbox, false)).toContain('--keep-groups'));
});

describe('the program of a container', () => {
  it.each([['run'], ['/bin/run'], ['link'], ['./run']])('is found as %s', (name) =>
    expect(checkCommand(config([name], '/bin'), folder)).resolves.toBeUndefined(),
  );

  it('is exit code 127 where there is none', () =>
    expect(checkCommand(config(['fly']), folder)).rejects.toMatchObject({
      exitCode: 127,
      code: 'command-not-found',
    }));

  it.each([['text'], ['/bin'], ['/bin/text']])('is exit code 126 where %s can’t be executed', (name) =>
    expect(checkCommand(config([name]), folder)).rejects.toMatchObject({ exitCode: 126 }),
  );
});
