import { type Credentials, dockerCredentials, GZIP_TAG, parseReference } from '@underdock/image';
import type { AuthConfig, ImageInspectInfo } from 'dockerode';
import { AgentError } from '../../error.ts';
import { type Asking, ask, type Engine, EngineRefusal } from './engine.ts';
import { type PullLine, PullProgress } from './pullProgress.ts';

/** What an engine has of an image. */
export interface EngineImage {
  /** The name to create a container of it with. */
  name: string;
  info: ImageInspectInfo;
}

/** On whose behalf an image is looked for. */
export interface ImageAsking extends Pick<Asking, 'tell' | 'cause' | 'signal'> {
  /** `HOST:PORT` of the registry that serves the starter image; called when that image is asked for. */
  starter?: (() => Promise<string>) | undefined;
}

/** The image of this name in the engine, pulled where it is not there. Rejects with AgentError or ImageError. */
export async function supplyImage(
  engine: Engine,
  reference: string,
  asking: ImageAsking,
): Promise<EngineImage> {
  const { domain, path, tag, digest, familiar } = parseReference(await aliased(engine, reference, asking));
  const { tell, cause } = asking;
  const named = { reference: familiar, repository: path };
  const act = tell.begin(
    'high-level/resolve-image',
    { ...named, ...(tag ? { tag } : {}), ...(digest ? { digest } : {}) },
    { cause, actor: engine.actor },
  );
  const within = { ...asking, cause: [act.span, ...cause] };
  try {
    const there = await inspectImage(engine, familiar, within);
    const present = there ? undefined : await pull(engine, familiar, within);
    if (!there && /^starter(:|$)/.test(reference)) await forgetStarters(engine, familiar);
    const info = there ?? (await inspectImage(engine, familiar, within));
    if (!info) throw gone(familiar);
    await tellLayers(engine, familiar, info, present, within);
    act.end({ ...identity(info), ...(there ? { cached: true } : { registry: domain }) });
    return { name: familiar, info };
  } catch (error) {
    act.fail(error);
    throw error;
  }
}

/** Engines before 23 know no zstd. */
const ZSTD_SINCE = 23;

/** The short name `starter` stands for an image of our own registry on loopback, which engines ask without TLS. */
async function aliased({ version }: Engine, reference: string, { starter }: ImageAsking): Promise<string> {
  const tag = /^starter(:[^:@]+)?$/.exec(reference);
  if (!starter || !tag) return reference;
  const old = Number.parseInt(version.version, 10) < ZSTD_SINCE;
  return `${await starter()}/starter${tag[1] ?? (old ? `:${GZIP_TAG}` : '')}`;
}

/**
 * Our registry has another port each time, and a name per port would pile up in the engine: those of earlier ones go once the new one
 * is there, so that their layers were of use. One that a container stands on stays.
 */
async function forgetStarters(engine: Engine, current: string): Promise<void> {
  const { docker } = engine;
  try {
    const images = await docker.listImages({ filters: { reference: ['127.0.0.1:*/starter'] } } as object);
    const names = images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => name !== current);
    for (const name of names)
      await docker
        .getImage(name)
        .remove()
        .catch(() => {});
  } catch {
    // Tidying up is nothing that a run should fail for.
  }
}

async function inspectImage(
  engine: Engine,
  name: string,
  asking: ImageAsking,
): Promise<ImageInspectInfo | undefined> {
  try {
    return await ask(engine, { ...asking, fine: [404] }, (docker, abortSignal) =>
      docker.getImage(name).inspect({ abortSignal } as object),
    );
  } catch (error) {
    if (error instanceof EngineRefusal && error.status === 404) return undefined;
    throw error;
  }
}

function identity(info: ImageInspectInfo): Record<string, unknown> {
  const digest = info.RepoDigests?.[0]?.split('@')[1] ?? info.Id;
  return { digest, ...configOf(info), platform: `${info.Os}/${info.Architecture}` };
}

/** The image id of engines with an image store of their own is the digest of the configuration; others say the manifest’s. */
function configOf({ Id, RepoDigests }: ImageInspectInfo): { configDigest?: string } {
  return RepoDigests?.some((name) => name.endsWith(Id)) ? {} : { configDigest: Id };
}

/** The layers as the engine has them; `present` are the indices of those that were there before, all where absent. */
async function tellLayers(
  engine: Engine,
  name: string,
  info: ImageInspectInfo,
  present: ReadonlySet<number> | undefined,
  asking: ImageAsking,
): Promise<void> {
  const { tell, cause } = asking;
  const layers = info.RootFS?.Layers ?? [];
  const made = await madeBy(engine, name, layers.length, asking);
  for (const [index, diffId] of layers.entries()) {
    const cached = present?.has(index) ?? true;
    tell.fact(
      'high-level/has-layer',
      { index, diffId, cached, ...made[index] },
      { cause, actor: engine.actor },
    );
  }
}

/** What made each layer, by the image's history: known only if it has as many steps that changed something. */
async function madeBy(
  engine: Engine,
  name: string,
  count: number,
  asking: ImageAsking,
): Promise<{ createdBy: string; unpackedBytes: number }[]> {
  const history = (await ask(engine, asking, (docker) => docker.getImage(name).history())) as unknown as {
    CreatedBy: string;
    Size: number;
  }[];
  const whole = history.length === count ? history : history.filter(({ Size }) => Size > 0);
  if (whole.length !== count) return [];
  return whole.reverse().map(({ CreatedBy, Size }) => ({ createdBy: CreatedBy, unpackedBytes: Size }));
}

/** A pull takes as long as it takes, but an engine that says nothing at all for so long hangs. */
const SILENCE_MS = 120_000;

/** Resolves with the indices of the layers that were there already. */
async function pull(engine: Engine, name: string, asking: ImageAsking): Promise<ReadonlySet<number>> {
  const { tell, cause } = asking;
  const progress = new PullProgress(tell, cause, engine.actor);
  const { domain, path, tag, digest } = parseReference(name);
  const port = /^(?:localhost|127(?:\.\d+){3}):(\d+)$/.exec(domain)?.[1];
  if (port) await engine.door?.letOut(Number(port));
  const authconfig = authOf(await dockerCredentials()(domain), domain);
  const query = { fromImage: `${domain}/${path}`, tag: digest ?? tag ?? 'latest' };
  try {
    const stream = await ask(engine, { ...asking, timeoutMs: SILENCE_MS }, (docker, abortSignal) =>
      // The query alone: what lies beside it would be sent as a body too.
      docker.createImage(authconfig ?? (undefined as never), {
        _query: query,
        _body: {},
        abortSignal,
      } as object),
    );
    for await (const line of linesOf(stream, SILENCE_MS, asking.signal)) progress.take(line);
    if (progress.error !== undefined) throw pullFailed(name, progress.error);
    progress.end();
    return progress.present;
  } catch (error) {
    const meant = error instanceof EngineRefusal ? pullFailed(name, error.words) : error;
    progress.end(meant);
    throw meant;
  }
}

function authOf(known: Credentials | undefined, domain: string): AuthConfig | undefined {
  if (!known) return undefined;
  const serveraddress = domain === 'docker.io' ? 'https://index.docker.io/v1/' : domain;
  if ('identityToken' in known)
    return { identitytoken: known.identityToken, serveraddress } as unknown as AuthConfig;
  return { ...known, serveraddress };
}

async function* linesOf(
  stream: NodeJS.ReadableStream,
  silenceMs: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<PullLine> {
  let rest = '';
  let timer: NodeJS.Timeout | undefined;
  const { destroy } = stream as unknown as { destroy(error: Error): void };
  const hangs = new AgentError('engine-silent', `the pull has made no progress for ${silenceMs / 1000} s`, {
    remedy: 'look at the engine’s log and at the registry, then run it again',
  });
  const wind = () => {
    clearTimeout(timer);
    timer = setTimeout(() => destroy.call(stream, hangs), silenceMs);
  };
  const abort = () => destroy.call(stream, signal?.reason);
  signal?.addEventListener('abort', abort);
  try {
    wind();
    for await (const chunk of stream) {
      wind();
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim()) yield JSON.parse(line) as PullLine;
    }
    if (rest.trim()) yield JSON.parse(rest) as PullLine;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

function pullFailed(name: string, words: string): AgentError {
  const [code, remedy] = /not found|manifest unknown|does not exist|no such image/i.test(words)
    ? ['no-such-image', 'check the spelling of its name and tag; a private image needs docker login first']
    : /unauthorized|denied|authentication/i.test(words)
      ? ['not-permitted', 'log in to its registry: docker login REGISTRY']
      : /server gave HTTP response to HTTPS client/i.test(words)
        ? ['plain-http', 'name the registry under insecure-registries in the engine’s daemon.json']
        : ['pull-failed', 'check the network between the engine and the registry, then run it again'];
  return new AgentError(code, `the image ${name} can’t be pulled: ${words}`, { remedy });
}

function gone(name: string): AgentError {
  return new AgentError('no-such-image', `the image ${name} was pulled, but the engine does not have it`, {
    remedy: 'somebody removed it meanwhile: run it again',
  });
}
