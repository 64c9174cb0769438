import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TraceEvent } from '@underdock/trace';

/** A folder that stands for underdock’s state, and in it one unpacked layer. */
export interface LayerOnDisk {
  stateDir: string;
  layer: string;
  /** Puts a file into the layer. */
  put(path: string, text: string | Buffer): void;
  remove(): void;
}

/** Makes one with a file `etc/motd`. */
export function layerOnDisk(): LayerOnDisk {
  const stateDir = mkdtempSync(join(tmpdir(), 'underdock-disk-'));
  const layer = join(stateDir, 'layers', '0123456789abcdef01234567');
  const put = (path: string, text: string | Buffer) => {
    mkdirSync(join(layer, path, '..'), { recursive: true });
    writeFileSync(join(layer, path), text);
  };
  put('etc/motd', 'welcome\n');
  return { stateDir, layer, put, remove: () => rmSync(stateDir, { recursive: true, force: true }) };
}

/** A store as Docker’s overlay2 has it, with one layer in it. */
export function dockerStore(root: string): { store: string; diff: string } {
  const store = join(root, 'overlay2');
  const diff = join(store, 'a'.repeat(64), 'diff');
  mkdirSync(diff, { recursive: true });
  mkdirSync(join(store, 'l'));
  chmodSync(root, 0o710);
  writeFileSync(join(diff, 'made'), 'by a container');
  return { store, diff };
}

/** Facts of a trace, in order. */
export function facts(
  ...told: [step: string, data: Record<string, unknown>, container?: string][]
): TraceEvent[] {
  return told.map(([step, data, container], index) => ({
    seq: index + 1,
    at: index,
    type: 'fact',
    step,
    layer: 'high-level',
    actor: { name: 'dockerd' },
    data,
    evidence: [],
    grade: 'read-back',
    ...(container ? { container } : {}),
  }));
}
