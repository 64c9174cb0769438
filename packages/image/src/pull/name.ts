import { isIndex, isManifest } from '../mediaTypes.ts';
import { observed } from '../observer.ts';
import type { Pull, Resolved } from './carried.ts';

/** Finds out what the name stands for: from the store where that may do, else from the registry. */
export async function resolve(pull: Pull): Promise<Resolved> {
  const { reference, observer, store } = pull;
  const data = {
    reference: reference.familiar,
    registry: reference.domain,
    repository: reference.path,
    ...(reference.tag === undefined ? {} : { tag: reference.tag }),
    ...(reference.digest === undefined ? {} : { digest: reference.digest }),
  };
  return observed(observer, 'resolve-image', data, pull.parent, async (act) => {
    const known = pull.local ? await knownTarget(pull) : undefined;
    const found = known ?? (await ask({ ...pull, parent: act }));
    const cached = known !== undefined && (await store.size(found.digest)) !== undefined;
    return {
      value: found,
      data: {
        digest: found.digest,
        ...(found.mediaType === '' ? {} : { mediaType: found.mediaType }),
        ...(cached ? { cached } : {}),
      },
    };
  });
}

/** What the name stood for when it was last pulled whole; a digest always stands for itself. */
async function knownTarget({ reference, store }: Pull): Promise<Resolved | undefined> {
  if (reference.digest !== undefined) return { digest: reference.digest, mediaType: '' };
  const name = `${reference.domain}/${reference.path}`;
  const target = await store.references.get(name, reference.tag ?? 'latest');
  return target && (await store.size(target.digest)) === target.size ? target : undefined;
}

async function ask(pull: Pull): Promise<Resolved> {
  const { reference, repository, store } = pull;
  if (reference.digest !== undefined) return { digest: reference.digest, mediaType: '' };
  const tag = reference.tag ?? 'latest';
  const head = await repository.resolve(tag, pull);
  if (head.digest !== undefined) return { digest: head.digest, mediaType: head.mediaType ?? '' };
  // Some registries don't name the digest: then the manifest itself must be fetched to know it.
  const { bytes, digest, mediaType } = await repository.manifest(tag, undefined, pull);
  await store.write({ digest, size: bytes.byteLength }, (sink) => sink.write(bytes));
  return { digest, mediaType };
}

/** Notes what the tag stands for, once all of it is here. */
export async function remember(resolved: Resolved, { reference, store }: Pull): Promise<void> {
  if (reference.digest !== undefined || reference.tag === undefined) return;
  const size = await store.size(resolved.digest);
  if (size === undefined) return;
  const mediaType = isIndex(resolved.mediaType) || isManifest(resolved.mediaType) ? resolved.mediaType : '';
  await store.references.set(`${reference.domain}/${reference.path}`, reference.tag, {
    mediaType,
    digest: resolved.digest,
    size,
  });
}
