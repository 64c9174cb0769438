import { once } from 'node:events';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn } from '../../children.ts';
import { programPath } from '../../programs.ts';
import type { Mount } from './unpack.ts';

/** A snapshot’s files, to be looked at before there is a container. */
export interface RootfsView {
  /** Where they can be read. */
  path: string;
  close(): Promise<void>;
}

const MOUNT = 'mount "$@" && echo mounted && read -r line';

/**
 * Mounts a snapshot read-only in a mount namespace that a process of ours holds, as ctr mounts it for a moment to look up users:
 * nobody else sees that mount, and it ends with `close` or with underdock. Rejects with what mount(8) says.
 */
export async function viewRootfs(mounts: readonly Mount[], folder: string): Promise<RootfsView> {
  const [mount] = mounts;
  if (!mount) throw new Error('containerd gave no mounts for the snapshot');
  const target = await mkdtemp(join(folder, 'view-'));
  // A writable overlay may be mounted once at a time: what is to become its upper layer is here one more below.
  const argv = ['--mount', '--propagation', 'private', 'sh', '-c', MOUNT, 'sh', ...mountWords(mount, target)];
  const child = spawn(programPath('unshare'), argv, { stdio: ['pipe', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  child.stderr.on('data', (piece: Buffer) => said.push(piece));
  child.stdin.on('error', () => {});
  const ended = once(child, 'close');
  ended.catch(() => {});
  const close = async () => {
    child.stdin.end();
    await ended.catch(() => {});
    await rmdir(target).catch(() => {});
  };
  const mounted = await Promise.race([once(child.stdout, 'data'), ended.then(() => undefined)]);
  if (mounted) return { path: `/proc/${child.pid}/root${target}`, close };
  await close();
  throw new Error(Buffer.concat(said).toString().trim() || 'mount failed');
}

function mountWords({ type, source, options }: Mount, target: string): string[] {
  const bind = options.includes('bind') || options.includes('rbind');
  if (bind) return ['--bind', '-o', 'ro', source, target];
  const upper = options.find((one) => one.startsWith('upperdir='))?.slice('upperdir='.length);
  const lower = options.find((one) => one.startsWith('lowerdir='))?.slice('lowerdir='.length);
  const lowerdir = [upper, lower].filter(Boolean).join(':');
  return ['-t', type, '-o', `ro,lowerdir=${lowerdir}`, source, target];
}
