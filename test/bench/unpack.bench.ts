import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import {
  exportLayout,
  hostPlatform,
  OCI_CONFIG,
  OCI_LAYER,
  OCI_MANIFEST,
  removeTree,
  Store,
  unpackLayer,
} from '@underdock/image';
import { fileCalls } from '../../apps/agent/src/daemons/fileCalls.ts';
import { type Estimate, estimate, ratio, shown } from './pairs.ts';

const run = promisify(execFile);

/** One line of the result. */
export interface BenchRow {
  name: string;
  estimate: Estimate;
  unit: string;
}

interface Layer {
  path: string;
  digest: string;
  diffId: string;
  bytes: number;
  entries: number;
}

/**
 * Unpacks one gzip layer of about 200 MB in turn with underdock (both digests verified), GNU tar -xzf (nothing verified)
 * and umoci unpack, each into a new folder on the same file system. Gives the ratios, pair by pair.
 */
export async function benchUnpack(
  rounds = Number(process.env.UNDERDOCK_BENCH_ROUNDS ?? 20),
): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(process.env.UNDERDOCK_BENCH_DIR ?? tmpdir(), 'underdock-bench-'));
  try {
    const store = new Store(join(folder, 'store'));
    const layer = await makeLayer(folder, store);
    const layout = await makeLayout(folder, store, layer);
    console.log(
      `layer: ${layer.entries} entries, ${mb(layer.bytes)} unpacked, ${mb(lstatSync(layer.path).size)} gzip`,
    );
    const ways: Record<string, (target: string) => Promise<unknown>> = {
      underdock: (target) => {
        mkdirSync(target);
        return unpackLayer({ ...layer, index: 0 }, target, { style: { kind: 'flat' }, calls: fileCalls });
      },
      'GNU tar': async (target) => {
        mkdirSync(target);
        await run('tar', ['-C', target, '--numeric-owner', '-xzf', layer.path]);
      },
      'umoci unpack': (target) => run('umoci', ['unpack', '--image', `${layout}:bench`, target]),
    };
    const times = await inTurn(ways, rounds, folder);
    return [
      ...Object.entries(times).map(([name, samples]) => ({ name, estimate: estimate(samples), unit: ' ms' })),
      { name: 'underdock / GNU tar', estimate: ratio(times, 'underdock', 'GNU tar'), unit: '' },
      { name: 'underdock / umoci unpack', estimate: ratio(times, 'underdock', 'umoci unpack'), unit: '' },
    ];
  } finally {
    removeTree(folder);
  }
}

/** A, B, C, A, B, C …; what was unpacked is removed outside the time. The first round warms the caches only. */
async function inTurn(
  ways: Record<string, (target: string) => Promise<unknown>>,
  rounds: number,
  folder: string,
) {
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let round = -1; round < rounds; round += 1)
    for (const [name, way] of Object.entries(ways)) {
      const target = join(folder, 'target');
      const began = performance.now();
      await way(target);
      const took = performance.now() - began;
      if (round >= 0) times[name]?.push(took);
      removeTree(target);
    }
  return times;
}

/** About 200 MB of this host’s own files, large and small, packed by GNU tar and gzip. */
async function makeLayer(folder: string, store: Store): Promise<Layer> {
  const list = join(folder, 'files');
  const chosen = someFiles(['/usr/share', '/usr/lib'], 200e6);
  writeFileSync(list, chosen.map((path) => path.slice(1)).join('\0'));
  const made = join(folder, 'layer.tar.gz');
  await run('tar', ['-C', '/', '--null', '--no-recursion', '--format=gnu', '-T', list, '-czf', made]);
  const packed = createHash('sha256');
  for await (const chunk of createReadStream(made)) packed.update(chunk as Buffer);
  const digest = `sha256:${packed.digest('hex')}`;
  const content = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(made).pipe(createGunzip())) {
    content.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  await store.write({ digest, size: lstatSync(made).size }, async (sink) => {
    for await (const chunk of createReadStream(made)) await sink.write(chunk as Buffer);
  });
  const diffId = `sha256:${content.digest('hex')}`;
  return { path: store.path(digest), digest, diffId, bytes, entries: chosen.length };
}

/** Folders, files and links below some folders, until they hold enough; a third of the bytes at most from large files. */
function someFiles(roots: string[], enough: number): string[] {
  const found: string[] = [];
  let bytes = 0;
  let large = 0;
  const waiting = [...roots].reverse();
  for (let path = waiting.pop(); path !== undefined && bytes < enough; path = waiting.pop()) {
    const stats = lstatSync(path);
    if (stats.isFile() && stats.size > 2e6) {
      if (large + stats.size > enough / 3) continue;
      large += stats.size;
    }
    if (stats.isDirectory()) waiting.push(...readdirSync(path).map((name) => `${path}/${name}`));
    else if (!stats.isFile() && !stats.isSymbolicLink()) continue;
    if (stats.isFile()) bytes += stats.size;
    found.push(path);
  }
  return found;
}

async function makeLayout(folder: string, store: Store, layer: Layer): Promise<string> {
  const config = await store.put(
    JSON.stringify({
      ...hostPlatform(),
      config: {},
      rootfs: { type: 'layers', diff_ids: [layer.diffId] },
      history: [],
    }),
  );
  const descriptor = {
    mediaType: `${OCI_LAYER}+gzip`,
    digest: layer.digest,
    size: lstatSync(layer.path).size,
  };
  const manifest = await store.put(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, ...config },
      layers: [descriptor],
    }),
  );
  const layout = join(folder, 'layout');
  await exportLayout({ mediaType: OCI_MANIFEST, ...manifest }, store, layout, 'bench');
  return layout;
}

const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

if (import.meta.main)
  for (const row of await benchUnpack())
    console.log(`${row.name.padEnd(26)} ${shown(row.estimate, row.unit)}`);
