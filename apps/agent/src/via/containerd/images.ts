import {
  dockerCredentials,
  type ImageAct,
  type ImageObserver,
  type PulledImage,
  parseReference,
  pullImage,
} from '@underdock/image';
import type { RunRequest } from '@underdock/trace';
import type { Tell } from '../../run/tell.ts';
import { observeImage } from '../embedded/imageObserver.ts';
import type { Calling } from '../grpc/call.ts';
import { ask, askUnless, type Containerd, ctr } from './api.ts';
import { ContentStore } from './contentStore.ts';
import { unpackImage } from './unpack.ts';

const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';

/** An image that containerd has, unpacked. */
export interface SuppliedImage {
  /** Its name in containerd. */
  name: string;
  image: PulledImage;
  /** The snapshot that a container’s filesystem stands on; `''` where the image has no layers. */
  snapshot: string;
}

/** On whose behalf. */
export interface ImageAsking extends Calling {
  run: string;
  container: string;
  /** `HOST:PORT` of the registry that serves the starter image; called when that image is asked for. */
  starter?: (() => Promise<string>) | undefined;
}

/**
 * Makes an image whole in containerd, as ctr does it: underdock fetches from the registry and hands each blob to the content
 * store; containerd verifies it and unpacks layer by layer into snapshots. Rejects with AgentError or ImageError.
 */
export async function supplyImage(
  containerd: Containerd,
  { image: wanted, plainHttp }: Pick<RunRequest, 'image' | 'plainHttp'>,
  asking: ImageAsking,
): Promise<SuppliedImage> {
  const reference = parseReference(wanted, await starterAlias(wanted, asking));
  const name = reference.full;
  const { observer, parent, causeOf } = observed(asking);
  const store = new ContentStore(containerd, { ...asking, causeOf, image: name });
  const image = await pullImage(reference, {
    store,
    observer,
    parent,
    ...(asking.signal ? { signal: asking.signal } : {}),
    settings: { credentials: dockerCredentials(), insecure: plainHttp },
  });
  const snapshot = await unpackImage(containerd, image, asking);
  if (await nameImage(containerd, name, image, await targetOf(store, image), asking)) {
    await labelContent(store, containerd, image, snapshot);
    if (/^starter(?:[:@]|$)/.test(wanted)) await forgetStarters(containerd, name, asking);
  }
  return { name, image, snapshot };
}

/** The short name `starter` stands for an image of our own registry on loopback. */
async function starterAlias(wanted: string, { starter }: ImageAsking): Promise<Record<string, string>> {
  return starter && /^starter(?:[:@]|$)/.test(wanted) ? { starter: `${await starter()}/starter` } : {};
}

/** What is fetched from the registry is the client’s own work, and each blob that is written is written for its act. */
function observed(asking: ImageAsking): {
  observer: ImageObserver;
  parent: ImageAct;
  causeOf: (digest: string) => string[];
} {
  const { tell, cause, container } = asking;
  const [nearest = ''] = cause;
  const { observer, parent, spanOf } = observeImage(asClient(tell), nearest, container);
  const acts = new Map<string, ImageAct>();
  return {
    parent,
    causeOf: (digest) => {
      const act = acts.get(digest);
      return act ? [...new Set([spanOf(act), ...cause])] : cause;
    },
    observer: {
      // Once it is unpacked a layer is told of by containerd.
      fact() {},
      begin(step, data, above) {
        const act = observer.begin(step, data, above);
        if (typeof data.digest === 'string' && step !== 'http-request') acts.set(data.digest, act);
        return act;
      },
    },
  };
}

function asClient(tell: Tell): Tell {
  return { ...tell, begin: (step, data, told) => tell.begin(step, data, { ...told, layer: 'client' }) };
}

/** What the image’s name stands for: an index or a manifest, of which kind it says itself. */
async function targetOf(
  store: ContentStore,
  { digest, manifestDigest, manifest }: PulledImage,
): Promise<{ mediaType: string; size: number }> {
  const bytes = await store.read(digest);
  const { mediaType } = JSON.parse(Buffer.from(bytes).toString()) as { mediaType?: string };
  const otherwise = digest === manifestDigest ? manifest.mediaType : OCI_INDEX;
  return { mediaType: mediaType ?? otherwise, size: bytes.byteLength };
}

/** Gives the image its name; false when it had it already. From here on garbage collection leaves it alone. */
async function nameImage(
  { daemon, socket }: Containerd,
  name: string,
  { digest }: PulledImage,
  target: { mediaType: string; size: number },
  asking: ImageAsking,
): Promise<boolean> {
  const found = await askUnless<{ image: { target: { digest: string } } }>(
    ['NOT_FOUND'],
    daemon,
    'Images/Get',
    { name },
    { ...asking, request: { name }, equivalent: ctr(socket, 'images', 'ls', `name==${name}`) },
  );
  if (found?.image.target.digest === digest) return false;
  const image = { name, target: { ...target, digest } };
  const calling = {
    ...asking,
    request: { name, digest },
    equivalent: ctr(socket, 'images', 'pull', name),
  };
  const paths = { updateMask: { paths: ['target'] } };
  if (found) await ask(daemon, 'Images/Update', { image, ...paths }, calling);
  else await askUnless(['ALREADY_EXISTS'], daemon, 'Images/Create', { image }, calling);
  return true;
}

/** What needs what: containerd’s garbage collection follows these labels (its docs/garbage-collection.md). */
async function labelContent(
  store: ContentStore,
  { snapshotter }: Containerd,
  { digest, manifestDigest, imageId, layers }: PulledImage,
  snapshot: string,
): Promise<void> {
  const ref = 'containerd.io/gc.ref.content';
  if (digest !== manifestDigest) await store.label(digest, { [`${ref}.m.0`]: manifestDigest });
  const blobs = layers.map((layer, index) => [`${ref}.l.${index}`, layer.digest]);
  await store.label(manifestDigest, { [`${ref}.config`]: imageId, ...Object.fromEntries(blobs) });
  if (snapshot) await store.label(imageId, { [`containerd.io/gc.ref.snapshot.${snapshotter}`]: snapshot });
}

/** Our registry has another port each time, and a name per port would pile up: those of earlier ones go. */
async function forgetStarters({ daemon }: Containerd, current: string, asking: ImageAsking): Promise<void> {
  const { images } = await ask<{ images: { name: string }[] }>(
    daemon,
    'Images/List',
    { filters: ['name~=^127\\.0\\.0\\.1:\\d+/starter'] },
    asking,
  );
  for (const { name } of images.filter((one) => one.name !== current))
    await askUnless(['NOT_FOUND'], daemon, 'Images/Delete', { name }, { ...asking, request: { name } });
}
