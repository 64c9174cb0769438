import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { expect, test } from 'vitest';
import { createAccess } from '../../../apps/agent/src/server/access.ts';
import { createAgentServer } from '../../../apps/agent/src/server/agentServer.ts';
import { createFace } from '../../../apps/agent/src/server/face.ts';
import { portOwner } from '../../../apps/agent/src/server/portOwner.ts';
import { REPORT, startAgent } from '../../fakes/agent.ts';

function another(runs: Parameters<typeof createAgentServer>[0]['runs']) {
  return createAgentServer({
    runs,
    access: createAccess(),
    face: createFace({ host: '127.0.0.1' }),
    stateDir: '/nowhere',
    pageFolder: '/nowhere',
    doctor: async () => REPORT,
    health: { version: '1', instance: 'x' },
    log: () => {},
  });
}

test('two agents on one port: the second says who has it', async () => {
  const first = await startAgent();
  const second = another(first.runs);
  await expect(second.listen(first.port, '127.0.0.1')).rejects.toMatchObject({
    code: 'port-taken',
    message: expect.stringMatching(
      new RegExp(`^port ${first.port} is taken by .+ \\(pid ${process.pid}\\)$`),
    ),
    remedy: expect.stringContaining('--port'),
  });
  await first.close();
});

test('an address that is not of this machine is a clear error', async () => {
  const first = await startAgent();
  await expect(another(first.runs).listen(0, '192.0.2.1')).rejects.toMatchObject({ code: 'bad-host' });
  await first.close();
});

test('the owner of a port is found over IPv4 and IPv6, and nobody owns a free one', async () => {
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const { port } = server.address() as { port: number };
    expect(portOwner(port)).toMatchObject({ pid: process.pid, uid: userInfo().uid });
    await new Promise((resolve) => server.close(resolve));
    expect(portOwner(port)).toBeUndefined();
  }
});

test('tokens are long, differ between starts and roles, and give exactly their role', () => {
  const [one, two] = [createAccess(), createAccess()];
  expect(new Set([one.drive, one.watch, two.drive, two.watch]).size).toBe(4);
  expect(one.drive.length).toBeGreaterThanOrEqual(32);
  expect([
    one.roleOf(one.drive),
    one.roleOf(one.watch),
    one.roleOf(two.drive),
    one.roleOf(undefined),
  ]).toEqual(['drive', 'watch', undefined, undefined]);
});
