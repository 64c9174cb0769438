import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventsMessage } from '@underdock/trace';
import { io, type Socket } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { heard, startAgent, type TestAgent } from '../fakes/agent.ts';

const UPGRADE = 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";';

/** How labs put a proxy in front: what stands in nginx's location /u/42/, with PORT for the agent's. */
const WAYS = {
  'keeps the prefix and passes its own Host': `proxy_pass http://127.0.0.1:PORT; ${UPGRADE}`,
  'cuts off the prefix and passes the browser’s Host': `proxy_pass http://127.0.0.1:PORT/; proxy_set_header Host $http_host; ${UPGRADE}`,
  'passes no websockets and a Host without port': `proxy_pass http://127.0.0.1:PORT; proxy_set_header Host $host;`,
};

let folder: string;
let nginx: ChildProcess;
const agents = new Map<string, { agent: TestAgent; port: number }>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-proxy-'));
  const subject = ['-subj', '/CN=lab.example', '-days', '2'];
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, ...files], {
    stdio: 'pipe',
  });
  const servers: string[] = [];
  for (const [way, location] of Object.entries(WAYS)) {
    const port = await freePort();
    const agent = await startAgent({ publicUrl: `https://lab.example:${port}/u/42/` });
    mkdirSync(join(agent.folder, 'page'), { recursive: true });
    writeFileSync(join(agent.folder, 'page', 'index.html'), '<p>underdock</p>');
    agents.set(way, { agent, port });
    servers.push(
      `server { listen 127.0.0.1:${port} ssl; location /u/42/ { proxy_http_version 1.1; ${location.replace('PORT', String(agent.port))} } }`,
    );
  }
  writeFileSync(join(folder, 'nginx.conf'), configuration(servers));
  nginx = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')], {
    stdio: 'inherit',
  });
  for (const { port } of agents.values()) await vi.waitUntil(() => answers(port), { timeout: 10_000 });
});

afterAll(async () => {
  const ended = new Promise((resolve) => nginx?.once('exit', resolve));
  nginx?.kill('SIGTERM');
  await ended;
  for (const { agent } of agents.values()) await agent.close();
  rmSync(folder, { recursive: true, force: true });
});

function configuration(servers: string[]): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  return `daemon off; worker_processes 1; user root; pid ${folder}/pid;
events {}
http { access_log off; ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem;
${temporary.join(' ')}
${servers.join('\n')}
}`;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function answers(port: number): Promise<boolean> {
  return (await ask(port, '/u/42/api/health').catch(() => undefined))?.status === 200;
}

function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number | undefined; text: string; headers: NodeJS.Dict<string | string[]> }> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path,
      rejectUnauthorized: false,
      headers: { host: `lab.example:${port}`, ...headers },
    };
    request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, text, headers: response.headers }));
    })
      .on('error', reject)
      .end();
  });
}

describe.each(Object.keys(WAYS))('behind nginx that ends TLS and %s', (way) => {
  const here = () => agents.get(way)!;

  function connect(origin: string, token = here().agent.access.drive): Socket {
    const { port } = here();
    return io(`https://127.0.0.1:${port}`, {
      path: '/u/42/socket.io/',
      auth: { token },
      transports: way.includes('no websockets') ? ['polling'] : ['websocket'],
      rejectUnauthorized: false,
      reconnection: false,
      forceNew: true,
      extraHeaders: { origin, host: `lab.example:${port}` },
    });
  }

  test('the page and the API answer below the prefix, to the public origin alone', async () => {
    const { agent, port } = here();
    const page = await ask(port, '/u/42/?token=x');
    expect([page.status, page.text]).toEqual([200, '<p>underdock</p>']);
    expect(page.headers['content-security-policy']).toContain(
      `frame-ancestors 'self' https://lab.example:${port}`,
    );
    const authorization = `Bearer ${agent.access.watch}`;
    expect((await ask(port, '/u/42/api/runs')).status).toBe(401);
    expect((await ask(port, '/u/42/api/runs', { authorization })).status).toBe(200);
    expect(
      (await ask(port, '/u/42/api/runs', { authorization, origin: `https://lab.example:${port}` })).status,
    ).toBe(200);
    expect(
      (await ask(port, '/u/42/api/runs', { authorization, origin: 'https://evil.example' })).status,
    ).toBe(403);
  });

  test('a run is followed live', async () => {
    const { agent, port } = here();
    const socket = connect(`https://lab.example:${port}`, agent.access.watch);
    await heard(socket, 'runs');
    const created = await agent.call('/api/runs', {
      method: 'POST',
      body: { image: 'x', command: ['sh', '-c', 'echo live; sleep 0.2; echo more'] },
    });
    const { id } = created.body as { id: string };
    socket.emit('follow', { run: id, fromSeq: 1 });
    const events: EventsMessage['events'] = [];
    socket.on('events', (message: EventsMessage) => events.push(...message.events));
    await heard<EventsMessage>(socket, 'events', (message) => message.closed);
    expect(events).toEqual(agent.runs.get(id)?.events);
    socket.disconnect();
  });

  test('a socket of a foreign page is refused', async () => {
    const socket = connect('https://evil.example');
    await heard(socket, 'connect_error');
    socket.disconnect();
  });
});
