import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { isDigest, parseManifest, type Store } from '@underdock/image';

/** A registry that is running. */
export interface Registry {
  /** `127.0.0.1:PORT`: the host part of image names. */
  host: string;
  port: number;
  close(): Promise<void>;
}

const NAME = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*';
const ROUTE = new RegExp(`^/v2/(${NAME})/(manifests|blobs|tags)/([^/]+)$`);
const TAG = /^\w[\w.-]{0,127}$/;

/**
 * Serves the images of a store on loopback by the OCI distribution spec, to be pulled by any client; read-only. Port 0
 * takes a free one. Rejects with the system’s error when the port can’t be had.
 */
export async function startRegistry(
  store: Store,
  options: { port?: number; host?: string } = {},
): Promise<Registry> {
  const address = options.host ?? '127.0.0.1';
  const server = createServer(registryListener(store));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  server.unref();
  return { host: `${address}:${port}`, port, close: () => close(server) };
}

/** Answers requests of the distribution spec from a store; for a server of one’s own. */
export function registryListener(store: Store): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    answer(store, request, response).catch(() => response.destroy());
  };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(store: Store, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return refuse(response, 405, 'UNSUPPORTED', 'this registry is read-only');
  }
  const pathname = readPath(request.url ?? '/');
  if (pathname === undefined) return refuse(response, 400, 'UNSUPPORTED', 'the path can’t be read');
  if (pathname === '/v2/' || pathname === '/v2') return json(request, response, {});
  if (pathname === '/v2/_catalog')
    return json(request, response, { repositories: await servedRepositories(store) });
  const [, name, kind, target] = ROUTE.exec(pathname) ?? [];
  if (name === undefined || target === undefined)
    return refuse(response, 404, 'NAME_UNKNOWN', 'no such path in the distribution spec');
  if (kind === 'tags' && target === 'list') return tags(store, name, request, response);
  if (kind === 'manifests') return manifest(store, name, target, request, response);
  if (kind === 'blobs' && isDigest(target)) return blob(store, target, request, response);
  return refuse(response, 404, 'DIGEST_INVALID', 'no such path in the distribution spec');
}

/** The path without query and escapes; undefined for one that is broken. */
function readPath(url: string): string | undefined {
  try {
    return decodeURIComponent(url.replace(/[?#].*$/s, ''));
  } catch {
    return undefined;
  }
}

async function servedRepositories(store: Store): Promise<string[]> {
  return (await store.references.repositories()).filter((name) => new RegExp(`^${NAME}$`).test(name));
}

async function tags(
  store: Store,
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const found = await store.references.tags(name);
  if (found.length === 0) return refuse(response, 404, 'NAME_UNKNOWN', `repository ${name} is not here`);
  return json(request, response, { name, tags: found });
}

async function manifest(
  store: Store,
  name: string,
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const unknown = () =>
    refuse(response, 404, 'MANIFEST_UNKNOWN', `${name} has no manifest ${target.slice(0, 150)}`);
  const noted = TAG.test(target) ? await store.references.get(name, target) : undefined;
  const digest = isDigest(target) ? target : noted?.digest;
  if (digest === undefined || (await store.size(digest)) === undefined) return unknown();
  const bytes = await store.read(digest);
  let mediaType: string;
  try {
    ({ mediaType } = parseManifest(bytes, noted?.mediaType ?? ''));
  } catch {
    return unknown();
  }
  response.writeHead(200, {
    'Content-Type': mediaType,
    'Content-Length': bytes.byteLength,
    'Docker-Content-Digest': digest,
    ETag: `"${digest}"`,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

async function blob(
  store: Store,
  digest: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const size = await store.size(digest);
  if (size === undefined) return refuse(response, 404, 'BLOB_UNKNOWN', `blob ${digest} is not here`);
  const range = readRange(request.headers.range, size);
  if (range === 'impossible') {
    response.setHeader('Content-Range', `bytes */${size}`);
    return refuse(response, 416, 'RANGE_INVALID', 'nothing is there');
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  response.writeHead(range ? 206 : 200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': end - start + 1,
    'Docker-Content-Digest': digest,
    'Accept-Ranges': 'bytes',
    ETag: `"${digest}"`,
    ...(range ? { 'Content-Range': `bytes ${start}-${end}/${size}` } : {}),
  });
  if (request.method === 'HEAD' || size === 0) response.end();
  else await pipeline(createReadStream(store.path(digest), { start, end }), response);
}

/** One range of bytes (RFC 9110, section 14.1.2); several at once are answered with the whole. */
function readRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'impossible' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const suffix = match[1] === '';
  const start = suffix ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = suffix || match[2] === '' ? size - 1 : Math.min(size - 1, Number(match[2]));
  return start > end || start >= size ? 'impossible' : { start, end };
}

function json(request: IncomingMessage, response: ServerResponse, value: unknown): void {
  const bytes = Buffer.from(JSON.stringify(value));
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': bytes.byteLength });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
}
