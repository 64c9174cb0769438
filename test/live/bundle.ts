import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An OCI bundle of busybox in a folder of its own. */
export interface Bundle {
  folder: string;
  id: string;
  /** Removes the folder. */
  remove(): void;
}

/** What a bundle is made with. */
export interface BundleOptions {
  command: string[];
  memory?: number;
  pids?: number;
}

/** Makes a bundle whose config is `runc spec`'s with a command, limits and a small seccomp filter. */
export function makeBundle(options: BundleOptions): Bundle {
  const folder = mkdtempSync(join(tmpdir(), 'underdock-bundle-'));
  mkdirSync(join(folder, 'rootfs/bin'), { recursive: true });
  copyFileSync('/bin/busybox', join(folder, 'rootfs/bin/busybox'));
  for (const name of ['sh', 'echo', 'id', 'sleep', 'dd', 'tail']) {
    symlinkSync('busybox', join(folder, 'rootfs/bin', name));
  }
  execFileSync('runc', ['spec'], { cwd: folder });
  const file = join(folder, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  config.process.terminal = false;
  config.process.args = options.command;
  config.hostname = 'a-witnessed-one';
  config.linux.resources.memory = { limit: options.memory ?? 64 * 1024 * 1024 };
  config.linux.resources.pids = { limit: options.pids ?? 50 };
  config.linux.seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: [process.arch === 'arm64' ? 'SCMP_ARCH_AARCH64' : 'SCMP_ARCH_X86_64'],
    syscalls: [{ names: ['reboot'], action: 'SCMP_ACT_ERRNO' }],
  };
  writeFileSync(file, JSON.stringify(config));
  const id = `underdock-${folder.slice(-6)}`;
  return { folder, id, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
