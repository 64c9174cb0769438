import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockState } from '../../apps/agent/src/via/embedded/stateLock.ts';
import { leftOnHost, openLab, watchNothing } from './embeddedLab.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-faults-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A small disk for the state directory; unmounted whatever comes. */
async function onSmallDisk(size: string, use: (stateDir: string) => Promise<void>): Promise<void> {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'small', folder]);
  try {
    await use(folder);
  } finally {
    execFileSync('umount', ['-l', folder]);
  }
}

describe('a disk that is full', () => {
  // Each size is used up by another step: the starter image, the pulled layers, the unpacked ones.
  it.each(['900k', '1800k', '2600k', '3600k'])(
    '(%s) ends the run with what to do, and nothing half-written stays',
    async (size) => {
      await onSmallDisk(size, async (stateDir) => {
        const lab = await openLab({ stateDir, watch: watchNothing });
        const ended = await lab.run({ command: ['true'] });
        expect(ended.exitCode).toBe(125);
        expect(ended.error?.message).toMatch(/no space left/i);
        const broken = ended.events.filter((event) => event.type === 'end' && event.data.error !== undefined);
        expect(broken.map((event) => event.step)).toContain('client/run');
        expect(leftOnHost(stateDir).filter((left) => !left.startsWith('mount'))).toEqual([]);
        await lab.opened.close();
      });
    },
  );

  it('while the container writes is the container’s own trouble', async () => {
    await onSmallDisk('12m', async (stateDir) => {
      const lab = await openLab({ stateDir, watch: watchNothing });
      const script = 'dd if=/dev/zero of=/big bs=1M count=30 2>&1; echo went on';
      const ended = await lab.run({ command: ['/bin/sh', '-c', script] });
      expect(ended.stdout).toMatch(/No space left on device.*went on/s);
      expect(ended.exitCode).toBe(0);
      await lab.opened.close();
    });
  });
});

describe('a state directory that can’t be used', () => {
  it('is said to be so, with another way out', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const lock = () => lockState(join(file, 'state'));
    expect(lock).toThrow(
      expect.objectContaining({ code: 'state-unusable', remedy: expect.stringContaining('--state') }),
    );
  });
});

describe('a filesystem on which overlays are refused', () => {
  it('gets a copy of the layers instead, and the trace says why', async () => {
    // overlayfs takes no other overlay's merged tree as its upper directory.
    const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map((name) =>
      join(folder, name),
    );
    execFileSync('mkdir', [lower!, upper!, work!, merged!]);
    chmodSync(merged!, 0o755);
    const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, merged!]);
    try {
      const stateDir = join(merged!, 'state');
      const lab = await openLab({ stateDir, watch: watchNothing });
      const script = 'echo written > /there; cat /there; ls /etc/motd; ls / | grep -c removed';
      const ended = await lab.run({ command: ['/bin/sh', '-c', script] });
      expect(ended.stdout).toContain('written\n');
      const snapshot = ended.events.find(
        (event) => event.step === 'high-level/prepare-snapshot' && event.type === 'end',
      );
      expect(snapshot?.data).toMatchObject({
        kind: 'copy',
        why: expect.stringContaining('overlay was refused'),
      });
      expect(leftOnHost(stateDir)).toEqual([]);
      await lab.opened.close();
    } finally {
      execFileSync('umount', ['-l', merged!]);
    }
  });
});
