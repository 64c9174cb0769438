import { Digester } from '../digest.ts';
import { ImageError } from '../error.ts';
import type { Descriptor } from '../manifest.ts';
import { ACCEPTED_MANIFESTS } from '../mediaTypes.ts';
import type { ImageReference } from '../reference.ts';
import type { BlobSink } from '../store.ts';
import { type BlobReport, fetchBlob } from './blob.ts';
import { readBody } from './body.ts';
import { Endpoint } from './endpoint.ts';
import type { Journey } from './exchange.ts';
import { endpointsFor } from './hosts.ts';

/** Most bytes of a manifest: what the distribution spec asks registries to accept. */
export const MOST_MANIFEST_BYTES = 4 * 1024 * 1024;

/** A manifest as it was served, its digest verified. */
export interface FetchedManifest {
  bytes: Uint8Array;
  digest: string;
  mediaType: string;
}

/** One image repository, at its registry and the mirrors of that. */
export class Repository {
  readonly #endpoints: Endpoint[];
  readonly #name: string;
  constructor(reference: ImageReference, journey: Journey) {
    this.#name = reference.path;
    this.#endpoints = endpointsFor(reference.domain, journey.settings).map(
      ({ urls, mirror }) => new Endpoint(reference.domain, reference.path, urls, mirror),
    );
  }

  /** What a tag or digest stands for now, asked with HEAD; the digest is undefined if the registry doesn't say. */
  async resolve(
    target: string,
    journey: Journey,
  ): Promise<{ digest?: string; mediaType?: string; size?: number }> {
    return this.#anywhere(journey, async (endpoint) => {
      const answer = await endpoint.ask(
        { ...this.#manifestQuestion(target), method: 'HEAD', purpose: 'resolve', expected: [405] },
        journey,
      );
      await answer.discard();
      if (answer.status === 405) return {};
      const digest = answer.headers.get('docker-content-digest') ?? undefined;
      const mediaType = answer.headers.get('content-type')?.split(';', 1)[0]?.trim();
      const size = Number(answer.headers.get('content-length') ?? Number.NaN);
      return {
        ...(digest === undefined ? {} : { digest }),
        ...(mediaType ? { mediaType } : {}),
        ...(Number.isSafeInteger(size) ? { size } : {}),
      };
    });
  }

  /** The manifest of a tag or digest, whole and verified against `expected` or against the registry’s own word. */
  async manifest(target: string, expected: string | undefined, journey: Journey): Promise<FetchedManifest> {
    return this.#anywhere(journey, async (endpoint) => {
      const answer = await endpoint.ask(this.#manifestQuestion(target), journey);
      const bytes = await readBody(answer, MOST_MANIFEST_BYTES, 'the manifest');
      const said = expected ?? answer.headers.get('docker-content-digest') ?? undefined;
      const digester = new Digester(said ?? 'sha256:'.padEnd(71, '0'));
      digester.update(bytes);
      const digest = digester.digest();
      if (said !== undefined && said !== digest)
        throw new ImageError(
          'digest-mismatch',
          `the manifest served by ${endpoint.domain} for ${target} has the digest ${digest}, not ${said}; it was damaged or changed, nothing of it is kept`,
          { method: 'GET', url: answer.url, status: answer.status },
        );
      const mediaType = answer.headers.get('content-type')?.split(';', 1)[0]?.trim() ?? '';
      return { bytes, digest, mediaType };
    });
  }

  /** Fetches a blob into a sink, resuming where a connection broke. */
  async blob(
    blob: Pick<Descriptor, 'digest' | 'size'>,
    purpose: string,
    sink: BlobSink,
    journey: Journey,
    onProgress: (bytes: number) => void,
  ): Promise<BlobReport> {
    return this.#anywhere(journey, (endpoint) =>
      fetchBlob(endpoint, blob, purpose, sink, journey, onProgress),
    );
  }

  #manifestQuestion(target: string) {
    return {
      method: 'GET' as const,
      path: `manifests/${target}`,
      headers: { accept: ACCEPTED_MANIFESTS.join(', ') },
      purpose: 'manifest',
      what: `image ${this.#name}${target.includes(':') ? '@' : ':'}${target}`,
    };
  }

  /** Mirrors first; the registry’s own answer counts when all fail. */
  async #anywhere<T>(journey: Journey, ask: (endpoint: Endpoint) => Promise<T>): Promise<T> {
    let failure: unknown;
    for (const endpoint of this.#endpoints)
      try {
        return await ask(endpoint);
      } catch (error) {
        journey.signal?.throwIfAborted();
        failure = error;
      }
    throw failure;
  }
}
