import type { Descriptor, ImageConfig } from '../manifest.ts';
import { type Compression, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from '../mediaTypes.ts';
import { hostPlatform } from '../platform.ts';
import type { Store } from '../store.ts';
import { baseFiles, heartbeat, messageOfTheDay, serverScript, webPage } from './files.ts';
import { LayerTar, storeLayer } from './layerTar.ts';
import { addTools, type StarterTools, type ToolOptions } from './tools.ts';

// One fixed instant, so that the same host files give the same digests.
const MADE_AT = new Date('2026-01-01T00:00:00Z');

export interface StarterOptions extends ToolOptions {
  /** Repository and tag that the store shall know it by: `starter` and `latest`. */
  repository?: string;
  tag?: string;
  /** `mixed` (gzip, zstd, gzip) by default; `gzip` for clients that know no zstd (docker before 23). */
  compression?: 'mixed' | 'gzip';
}

/** The starter image, as it now lies in the store. */
export interface StarterImage {
  /** Of the index. */
  digest: string;
  manifestDigest: string;
  /** Sum of the layers, compressed. */
  bytes: number;
  tools: StarterTools;
  /** All that has to be in the store for it. */
  blobs: Pick<Descriptor, 'digest' | 'size'>[];
  /** The host's files that it was made of. */
  sources: string[];
}

interface BuiltLayer {
  descriptor: Descriptor;
  diffId: string;
  createdBy: string;
}

/**
 * Builds the starter image out of this host’s own files into a store: a shell and tools; a layer that changes a file and
 * adds programs to look at while they live (`heartbeat`, and `webserver` where busybox has httpd); one that deletes a
 * file. The same host files give the same digest. Works for an ordinary user.
 */
export async function buildStarter(store: Store, options: StarterOptions = {}): Promise<StarterImage> {
  const second: Compression = options.compression === 'gzip' ? 'gzip' : 'zstd';
  const { tools, layers, sources } = await buildLayers(store, options, second);
  const config = await store.put(JSON.stringify(configOf(layers, tools)));
  const manifest = await store.put(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, ...config },
      layers: layers.map(({ descriptor }) => descriptor),
    }),
  );
  const platform = hostPlatform();
  const index = await store.put(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [{ mediaType: OCI_MANIFEST, ...manifest, platform }],
    }),
  );
  const target = { mediaType: OCI_INDEX, ...index };
  await store.references.set(options.repository ?? 'starter', options.tag ?? 'latest', target);
  return {
    digest: index.digest,
    manifestDigest: manifest.digest,
    bytes: layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0),
    tools,
    blobs: [index, manifest, config, ...layers.map(({ descriptor }) => descriptor)].map(
      ({ digest, size }) => ({ digest, size }),
    ),
    sources,
  };
}

async function buildLayers(
  store: Store,
  options: ToolOptions,
  second: Compression,
): Promise<{ tools: StarterTools; layers: BuiltLayer[]; sources: string[] }> {
  const base = new LayerTar(MADE_AT);
  const tools = addTools(base, options);
  for (const item of baseFiles(tools)) base.add(item);
  const changed = new LayerTar(MADE_AT);
  const programs = base.linkTarget('bin') ?? 'bin';
  changed.add(messageOfTheDay());
  changed.add(heartbeat(programs));
  changed.add(webPage());
  if (tools.httpd) changed.add(serverScript(programs));
  const deleted = new LayerTar(MADE_AT);
  deleted.add({ type: 'file', path: 'etc/.wh.build-notes', content: '' });
  const layer = async (tar: LayerTar, compression: Compression, createdBy: string): Promise<BuiltLayer> => ({
    ...(await storeLayer(await tar.bytes(), compression, store)),
    createdBy,
  });
  const added = tools.httpd ? 'heartbeat and webserver' : 'heartbeat';
  return {
    tools,
    sources: base.sources,
    layers: [
      await layer(
        base,
        'gzip',
        `underdock: copy ${tools.from} and the libraries it needs; write /etc/build-notes`,
      ),
      await layer(changed, second, `underdock: change /etc/motd; add ${added}`),
      await layer(deleted, 'gzip', 'underdock: rm /etc/build-notes'),
    ],
  };
}

function configOf(layers: BuiltLayer[], tools: StarterTools): ImageConfig {
  const created = MADE_AT.toISOString();
  return {
    created,
    ...hostPlatform(),
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Cmd: ['/bin/sh'],
      WorkingDir: '/',
      ...(tools.httpd ? { ExposedPorts: { '8080/tcp': {} } } : {}),
      Labels: { 'org.opencontainers.image.title': 'underdock starter' },
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ createdBy }) => ({ created, created_by: createdBy })),
  };
}
