import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fileCalls } from '../../apps/agent/src/daemons/fileCalls.ts';
import { nativeCall } from '../../apps/agent/src/kernelCalls.ts';

/** Everything about each file of a tree that two unpackers must agree on, one line per file, by path (latin1). */
export function treeFacts(root: string): Map<string, string> {
  const facts = new Map<string, string>();
  const firstOf = new Map<bigint, string>();
  const walk = (relative: string) => {
    const path = Buffer.from(relative === '' ? root : `${root}/${relative}`, 'latin1');
    const stats = lstatSync(path, { bigint: true });
    const same = stats.isDirectory() ? relative : (firstOf.get(stats.ino) ?? relative);
    firstOf.set(stats.ino, same);
    facts.set(relative, describe(path, stats, same));
    if (!stats.isDirectory()) return;
    for (const name of readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare))
      walk(relative === '' ? name.toString('latin1') : `${relative}/${name.toString('latin1')}`);
  };
  walk('');
  return facts;
}

function describe(path: Buffer, stats: BigIntStats, same: string): string {
  const content = stats.isFile()
    ? createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16)
    : stats.isSymbolicLink()
      ? `-> ${readlinkSync(path, 'buffer').toString('latin1')}`
      : '';
  const parts = [
    stats.mode.toString(8),
    `${stats.uid}:${stats.gid}`,
    `mtime=${stats.mtimeNs}`,
    stats.isDirectory() ? '' : `links=${stats.nlink} first=${same}`,
    stats.isCharacterDevice() || stats.isBlockDevice() ? `rdev=${stats.rdev}` : '',
    content,
    ...xattrs(path),
  ];
  return parts.filter(Boolean).join(' ');
}

function xattrs(path: Buffer): string[] {
  const list = Buffer.alloc(4096);
  const call = nativeCall('intptr_t llistxattr(const uint8_t *path, void *list, size_t size)');
  const size = Number(call(Buffer.concat([path, Buffer.alloc(1)]), list, list.byteLength));
  if (size <= 0) return [];
  const names = list.toString('latin1', 0, size).split('\0').filter(Boolean).sort();
  return names.map((name) => `${name}=${fileCalls.getXattr(path, name)?.toString('hex')}`);
}

/** Lines that say where two trees differ; empty when they are alike. `left` and `right` name them. */
export function differences(left: Map<string, string>, right: Map<string, string>): string[] {
  const lines: string[] = [];
  for (const path of new Set([...left.keys(), ...right.keys()])) {
    const [a, b] = [left.get(path), right.get(path)];
    if (a !== b)
      lines.push(`${JSON.stringify(path)}\n  left  ${a ?? 'is not there'}\n  right ${b ?? 'is not there'}`);
  }
  return lines;
}
