import { randomBytes } from 'node:crypto';
import type { PulledImage, PulledLayer } from '@underdock/image';
import { AgentError } from '../../error.ts';
import type { Calling } from '../grpc/call.ts';
import { ask, askUnless, type Containerd, ctr } from './api.ts';

/** A mount as containerd describes it. */
export interface Mount {
  type: string;
  source: string;
  target: string;
  options: string[];
}

/**
 * Makes a committed snapshot of each layer, the lowest first, where there is none: its name is the chain id. Resolves with
 * that of the topmost, `''` for an image without layers.
 */
export async function unpackImage(
  containerd: Containerd,
  image: PulledImage,
  calling: Calling,
): Promise<string> {
  let parent = '';
  for (const layer of image.layers) {
    const { snapshotter, socket, daemon } = containerd;
    const there = await askUnless(
      ['NOT_FOUND'],
      daemon,
      'Snapshots/Stat',
      { snapshotter, key: layer.chainId },
      {
        ...calling,
        request: { snapshotter, key: layer.chainId },
        equivalent: ctr(socket, 'snapshots', 'info', layer.chainId),
      },
    );
    if (!there) await unpackLayer(containerd, layer, parent, calling);
    tellLayer(containerd, layer, there !== undefined, calling);
    parent = layer.chainId;
  }
  return parent;
}

function tellLayer({ actor }: Containerd, layer: PulledLayer, cached: boolean, calling: Calling): void {
  const { index, digest, diffId, mediaType, bytes, createdBy } = layer;
  const data = { index, digest, diffId, mediaType, bytes, cached, ...(createdBy ? { createdBy } : {}) };
  const { tell, cause, container } = calling;
  tell.fact('high-level/has-layer', data, { cause, actor, ...(container ? { container } : {}) });
}

async function unpackLayer(
  containerd: Containerd,
  layer: PulledLayer,
  parent: string,
  calling: Calling,
): Promise<void> {
  const { actor } = containerd;
  const { index, digest, diffId } = layer;
  const { tell, cause, container } = calling;
  const about = { cause, actor, ...(container ? { container } : {}) };
  const act = tell.begin('high-level/unpack-layer', { index, digest, diffId }, about);
  const within = { ...calling, cause: [act.span, ...cause] };
  const key = `extract-${randomBytes(6).toString('hex')} ${layer.chainId}`;
  try {
    await extract(containerd, layer, { key, parent }, within);
    act.end({});
  } catch (error) {
    act.fail(error);
    const { signal: _over, ...after } = within;
    const { snapshotter, daemon } = containerd;
    await askUnless(['NOT_FOUND'], daemon, 'Snapshots/Remove', { snapshotter, key }, after).catch(() => {});
    throw error;
  }
}

async function extract(
  { daemon, snapshotter, socket }: Containerd,
  layer: PulledLayer,
  { key, parent }: { key: string; parent: string },
  calling: Calling,
): Promise<void> {
  const { digest, diffId, chainId, mediaType, bytes } = layer;
  const { mounts } = await ask<{ mounts: Mount[] }>(
    daemon,
    'Snapshots/Prepare',
    { snapshotter, key, parent },
    {
      ...calling,
      request: { snapshotter, key, parent },
      equivalent: ctr(socket, 'snapshots', 'prepare', key, ...(parent ? [parent] : [])),
    },
  );
  const { applied } = await ask<{ applied: { digest: string } }>(
    daemon,
    'Diff/Apply',
    { diff: { mediaType, digest, size: bytes }, mounts },
    // Of a large layer this takes minutes.
    { ...calling, request: { digest, mediaType, mounts }, timeoutMs: 0 },
  );
  if (applied.digest !== diffId) {
    throw new AgentError(
      'digest-mismatch',
      `the layer ${digest} unpacks to ${applied.digest}, the image says ${diffId}`,
      { remedy: 'pull from another registry, or push the image again' },
    );
  }
  await askUnless(
    ['ALREADY_EXISTS'],
    daemon,
    'Snapshots/Commit',
    { snapshotter, name: chainId, key },
    {
      ...calling,
      request: { snapshotter, name: chainId, key },
      equivalent: ctr(socket, 'snapshots', 'commit', chainId, key),
    },
  );
}
