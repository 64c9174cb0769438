import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Store } from '@underdock/image';
import { registryListener } from '../../apps/agent/src/daemons/registry.ts';

/** Answers a request itself (true), or lets the proper registry do it. */
export type Misbehaviour = (
  request: IncomingMessage,
  response: ServerResponse,
  serve: () => void,
) => boolean | Promise<boolean>;

/** A real server that serves a store’s images, but for what `misbehave` does. `seen` holds each request. */
export async function startBadRegistry(store: Store, misbehave: Misbehaviour) {
  const proper = registryListener(store);
  const seen: { method: string; url: string; headers: IncomingMessage['headers'] }[] = [];
  const server = createServer(async (request, response) => {
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    const serve = () => proper(request, response);
    if (!(await misbehave(request, response, serve))) serve();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    seen,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Ends an answer with an error of the distribution spec. */
export function refuse(response: ServerResponse, status: number, headers: Record<string, string> = {}): true {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify({ errors: [{ code: 'FAKE', message: 'as\u001b[31m told' }] }));
  return true;
}
