import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostAbilities } from '../../../apps/agent/src/via/embedded/bundle/host.ts';
import { EmbeddedError } from '../../../apps/agent/src/via/embedded/error.ts';
import type { LowLevelRuntime } from '../../../apps/agent/src/via/embedded/lowLevel/runtime.ts';
import { findRuntimes } from '../../../apps/agent/src/via/embedded/lowLevel/runtimes.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-runtimes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, script: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

const host = (layout: 'hybrid' | 'v2', root: boolean) =>
  ({ root, cgroup: { layout, mounts: { unified: '/sys/fs/cgroup/unified' } } }) as unknown as HostAbilities;
const byHand = async () => ({ name: 'by-hand', version: '1' }) as LowLevelRuntime;
const find = (layout: 'hybrid' | 'v2', root: boolean) =>
  findRuntimes({ stateDir: folder, host: host(layout, root), byHand, path: folder });

describe('the choice of a low-level runtime', () => {
  it('takes the first that can be used', async () => {
    program('runc', 'exit 1');
    program('crun', 'echo crun version 1.14');
    const runtimes = await find('v2', true);
    expect(runtimes.found[0]).toMatchObject({ name: 'runc', why: expect.stringContaining('--version') });
    expect(await runtimes.choose()).toMatchObject({ name: 'crun', version: '1.14' });
  });

  it('refuses crun to an ordinary user where cgroups are hybrid, and says why', async () => {
    program('crun', 'echo crun version 1.14');
    await expect((await find('hybrid', false)).choose('crun')).rejects.toMatchObject({
      code: 'unusable-runtime',
      message: expect.stringContaining('hybrid'),
      remedy: expect.stringContaining('by-hand'),
    });
    expect((await (await find('hybrid', true)).choose('crun')).name).toBe('crun');
  });

  it('lists what is there when asked for something else', async () => {
    program('runc', 'echo runc version 1.1.5');
    const asked = (await find('v2', true)).choose('youki');
    await expect(asked).rejects.toBeInstanceOf(EmbeddedError);
    await expect(asked).rejects.toMatchObject({
      code: 'unknown-runtime',
      remedy: expect.stringMatching(/runc.*by-hand/),
    });
  });

  it('takes any OCI runtime by its path', async () => {
    const file = program('youki', 'echo youki version 0.4.1');
    expect(await (await find('v2', true)).choose(file)).toMatchObject({ name: 'youki', version: '0.4.1' });
    await expect((await find('v2', true)).choose(join(folder, 'none'))).rejects.toMatchObject({
      code: 'unusable-runtime',
      message: expect.stringContaining('not installed'),
    });
  });
});
