import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import express from 'express';
import { AgentError } from '../error.ts';
import type { Face } from './face.ts';
import { addPage, securityHeaders } from './page.ts';
import { portOwner } from './portOwner.ts';
import { type Answer, problem } from './problem.ts';
import { RawOutputs } from './rawOutput.ts';
import { addRoutes, type RouteOptions } from './routes.ts';
import { serveSockets } from './socket.ts';

export interface AgentServerOptions extends Omit<RouteOptions, 'rawOutputs'> {
  face: Face;
  /** Folder of the built page. */
  pageFolder: string;
  maxConnections?: number;
}

/** The HTTP and socket.io server of an agent. */
export interface AgentServer {
  /** Resolves with the port. Throws AgentError `port-taken`, `port-forbidden`, `bad-host`. */
  listen(port: number, host: string): Promise<number>;
  close(): Promise<void>;
}

/** Puts routes, sockets and page together behind one gate that checks Host and Origin of every request and upgrade. */
export function createAgentServer(options: AgentServerOptions): AgentServer {
  const rawOutputs = new RawOutputs();
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(securityHeaders(options.face.frameAncestors));
  addRoutes(app, { ...options, rawOutputs });
  addPage(app, options.pageFolder);
  // Express and socket.io hang on a server that never listens: nothing reaches them except through the gate.
  const inner = createServer(app);
  const io = serveSockets(inner, { ...options, rawOutputs });
  const outer = gate(options.face, inner);
  return {
    listen: (port, host) => listen(outer, port, host),
    async close() {
      await io.close();
      outer.closeAllConnections();
      await new Promise((resolve) => outer.close(resolve));
    },
  };
}

function gate(face: Face, inner: Server): Server {
  const outer = createServer({ requestTimeout: 60_000, headersTimeout: 15_000 }, (req, res) => {
    const refused = refusal(face, req);
    if (refused) return answer(res, refused);
    if (face.basePath !== '/' && `${req.url?.split('?')[0]}/` === face.basePath) {
      return redirect(res, face.basePath, req.url ?? '');
    }
    req.url = face.stripPrefix(req.url ?? '/');
    inner.emit('request', req, res);
  });
  outer.on('upgrade', (req: IncomingMessage, socket: Socket, head: Buffer) => {
    const refused = refusal(face, req);
    req.url = face.stripPrefix(req.url ?? '/');
    if (!refused && req.url.startsWith('/socket.io/')) inner.emit('upgrade', req, socket, head);
    else {
      socket.on('error', () => socket.destroy());
      socket.end(
        `HTTP/1.1 ${refused ? 403 : 404} ${refused ? 'Forbidden' : 'Not Found'}\r\nConnection: close\r\n\r\n`,
      );
    }
  });
  outer.maxConnections = 4000;
  return outer;
}

function refusal(face: Face, req: IncomingMessage): Answer | undefined {
  const { host, origin } = req.headers;
  if (!face.hostAllowed(host)) {
    return problem(
      403,
      'foreign-host',
      `requests to the host ${String(host).slice(0, 200)} are not answered here`,
      'start underdock with --allow-host NAME, or --public-url URL behind a reverse proxy',
    );
  }
  if (!face.originAllowed(origin, host)) {
    return problem(
      403,
      'foreign-origin',
      `pages of ${String(origin).slice(0, 200)} may not talk to this agent`,
      'start underdock with --public-url URL (the address in the browser) or --allow-host NAME',
    );
  }
  return undefined;
}

function answer(res: ServerResponse, { status, problem: body }: Answer): void {
  const text = JSON.stringify(body);
  res.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Content-Length': Buffer.byteLength(text),
  });
  res.end(text);
}

function redirect(res: ServerResponse, to: string, url: string): void {
  const query = url.includes('?') ? url.slice(url.indexOf('?')) : '';
  res.writeHead(308, { Location: to + query, 'Referrer-Policy': 'no-referrer' }).end();
}

/** Whether a server could listen there: throws as `listen` would. */
export async function probePort(port: number, host: string): Promise<void> {
  const server = createServer();
  await listen(server, port, host);
  await new Promise((resolve) => server.close(resolve));
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    throw listenError(cause as NodeJS.ErrnoException, port, host);
  }
  return (server.address() as AddressInfo).port;
}

function listenError(cause: NodeJS.ErrnoException, port: number, host: string): AgentError {
  if (cause.code === 'EADDRINUSE') {
    const owner = portOwner(port);
    const by = owner?.pid
      ? ` by ${owner.name} (pid ${owner.pid})`
      : owner
        ? ` by a program of user ${owner.uid}`
        : '';
    const remedy = 'choose another port with --port N, or --port 0 for any free one';
    return new AgentError('port-taken', `port ${port} is taken${by}`, { remedy, exitCode: 1, cause });
  }
  if (cause.code === 'EACCES') {
    const remedy = 'choose a port from 1024 on with --port N';
    return new AgentError('port-forbidden', `port ${port} may not be opened by this user`, {
      remedy,
      exitCode: 1,
      cause,
    });
  }
  const remedy = 'give --host an address of this machine, such as 127.0.0.1 or 0.0.0.0';
  return new AgentError('bad-host', `can’t listen on ${host} (${cause.code})`, {
    remedy,
    exitCode: 1,
    cause,
  });
}
