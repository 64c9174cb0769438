import { type Credentials, dockerCredentials, parseReference } from '@underdock/image';
import { AgentError } from '../../error.ts';
import { GrpcRefusal } from '../grpc/failure.ts';
import { askCri, type CriAsking, type CriRuntime } from './ask.ts';
import type { ImageStatus } from './messages.ts';

/** An image that a runtime has. */
export interface CriImage {
  /** The name to create a container of it with. */
  name: string;
  /** The environment that it brings along, `KEY=value` each. */
  env: readonly string[];
}

/** On whose behalf an image is looked for. */
export interface ImageAsking extends Pick<CriAsking, 'tell' | 'cause' | 'signal'> {
  /** `HOST:PORT` of the registry that serves the starter image; called when that image is asked for. */
  starter?: (() => Promise<string>) | undefined;
}

/** A pull takes as long as it takes; the CRI tells no progress. */
const PULL_MS = 30 * 60_000;

/** The image of this name in the runtime, pulled where it is not there. Rejects with AgentError or ImageError. */
export async function supplyImage(
  runtime: CriRuntime,
  reference: string,
  asking: ImageAsking,
): Promise<CriImage> {
  const { domain, path, tag, digest, familiar } = parseReference(await aliased(reference, asking));
  const name = `${domain}/${path}${digest ? `@${digest}` : `:${tag ?? 'latest'}`}`;
  const { tell, cause, signal } = asking;
  const named = { reference: familiar, repository: path };
  const { actor } = runtime.daemon;
  const act = tell.begin(
    'high-level/resolve-image',
    { ...named, ...(tag ? { tag } : {}), ...(digest ? { digest } : {}) },
    { cause, actor },
  );
  const within = { tell, cause: [act.span, ...cause], ...(signal ? { signal } : {}) };
  try {
    const there = await statusOf(runtime, name, within);
    if (!there.image) await pull(runtime, { name, domain }, within);
    const status = there.image ? there : await statusOf(runtime, name, within);
    if (!status.image) throw gone(familiar);
    const { env, layers } = aboutOf(status);
    for (const [index, layer] of layers.entries()) {
      const data = { index, ...layer, cached: there.image !== null };
      tell.fact('high-level/has-layer', data, { cause, actor });
    }
    const { id, repoDigests } = status.image;
    // The CRI’s image id is the digest of the configuration; CRI-O leaves out by which algorithm.
    const configDigest = id.includes(':') ? id : `sha256:${id}`;
    const digest = repoDigests[0]?.split('@')[1] ?? configDigest;
    act.end({ digest, configDigest, ...(there.image ? { cached: true } : { registry: domain }) });
    return { name, env };
  } catch (error) {
    act.fail(error);
    throw error;
  }
}

/** The short name `starter` stands for an image of our own registry on loopback. */
async function aliased(reference: string, { starter }: ImageAsking): Promise<string> {
  const tag = /^starter(:[^:@]+)?$/.exec(reference);
  return starter && tag ? `${await starter()}/starter${tag[1] ?? ''}` : reference;
}

function statusOf(runtime: CriRuntime, name: string, asking: CriAsking): Promise<ImageStatus> {
  return askCri<ImageStatus>(
    runtime,
    'image:ImageStatus',
    { image: { image: name }, verbose: true },
    { ...asking, request: { image: name }, crictl: `inspecti ${name}` },
  );
}

async function pull(
  runtime: CriRuntime,
  { name, domain }: { name: string; domain: string },
  asking: CriAsking,
): Promise<void> {
  const auth = authOf(await dockerCredentials()(domain));
  const told = { image: name, ...(auth ? { auth: Object.keys(auth) } : {}) };
  const wanted = { image: { image: name }, ...(auth ? { auth } : {}) };
  try {
    await askCri(runtime, 'image:PullImage', wanted, {
      ...asking,
      request: told,
      timeoutMs: PULL_MS,
      crictl: `pull ${name}`,
    });
  } catch (error) {
    throw error instanceof GrpcRefusal ? pullFailed(name, error) : error;
  }
}

function authOf(known: Credentials | undefined): Record<string, string> | undefined {
  if (!known) return undefined;
  return 'identityToken' in known ? { identityToken: known.identityToken } : { ...known };
}

/** What a runtime tells of an image’s configuration, where `verbose` was asked for. */
function aboutOf({ info }: ImageStatus): { env: string[]; layers: { diffId: string; createdBy?: string }[] } {
  try {
    const { imageSpec } = JSON.parse(info.info ?? '{}') as {
      imageSpec?: {
        config?: { Env?: string[] };
        rootfs?: { diff_ids?: string[] };
        history?: { created_by?: string; empty_layer?: boolean }[];
      };
    };
    const made = (imageSpec?.history ?? []).filter(({ empty_layer }) => empty_layer !== true);
    const diffIds = imageSpec?.rootfs?.diff_ids ?? [];
    const layers = diffIds.map((diffId, n) => {
      const createdBy = made.length === diffIds.length ? made[n]?.created_by : undefined;
      return { diffId, ...(createdBy ? { createdBy } : {}) };
    });
    return { env: imageSpec?.config?.Env ?? [], layers };
  } catch {
    return { env: [], layers: [] };
  }
}

function pullFailed(name: string, { words, status }: GrpcRefusal): AgentError {
  const [code, remedy] =
    status === 'NOT_FOUND' || /not found|manifest unknown|does not exist/i.test(words)
      ? ['no-such-image', 'check the spelling of its name and tag; a private image needs a login first']
      : /unauthorized|denied|authentication|authorization/i.test(words)
        ? ['not-permitted', 'log in to its registry: docker login REGISTRY']
        : /server gave HTTP response to HTTPS client/i.test(words)
          ? ['plain-http', 'say in the runtime’s configuration that this registry talks plain http']
          : ['pull-failed', 'check the network between the runtime and the registry, then run it again'];
  return new AgentError(code, `the image ${name} can’t be pulled: ${words}`, { remedy });
}

function gone(name: string): AgentError {
  return new AgentError('no-such-image', `the image ${name} was pulled, but the runtime does not have it`, {
    remedy: 'somebody removed it meanwhile: run it again',
  });
}
