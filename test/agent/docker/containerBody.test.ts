import { type RunRequestInput, runRequestSchema } from '@underdock/trace';
import { describe, expect, test } from 'vitest';
import { containerBody, toldFields } from '../../../apps/agent/src/via/docker/containerBody.ts';

const context = { image: 'alpine:3', mounts: [], labels: { 'underdock.run': 'r1' } };
const bodyOf = (request: Partial<RunRequestInput>) =>
  containerBody(runRequestSchema.parse({ image: 'alpine', ...request }), context);

describe('flags as fields of POST /containers/create', () => {
  test.each([
    [{ memory: '64m' }, { Memory: 67_108_864 }],
    [{}, { Memory: 536_870_912, PidsLimit: 256 }],
    [{ pidsLimit: -1 }, { PidsLimit: -1 }],
    [{ cpus: 0.5 }, { NanoCpus: 500_000_000 }],
    [{ network: 'none' }, { NetworkMode: 'none' }],
    [{ runtime: 'crun' }, { Runtime: 'crun' }],
    [{ readOnly: true }, { ReadonlyRootfs: true }],
    [
      { capAdd: ['NET_ADMIN'], capDrop: ['ALL'] },
      { CapAdd: ['NET_ADMIN'], CapDrop: ['ALL'] },
    ],
    [{ publish: ['8080:80'] }, { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] } }],
  ])('%j in HostConfig', (request, fields) => {
    expect(bodyOf(request).HostConfig).toMatchObject(fields);
  });

  test.each([
    [{ command: ['sh', '-c', 'x'] }, { Cmd: ['sh', '-c', 'x'] }],
    [{ entrypoint: '' }, { Entrypoint: [''] }],
    [
      { hostname: 'h', user: '1:2', workdir: '/w' },
      { Hostname: 'h', User: '1:2', WorkingDir: '/w' },
    ],
    [{ env: ['A=1'] }, { Env: ['A=1'] }],
    [
      { tty: true, interactive: true },
      { Tty: true, OpenStdin: true, StdinOnce: true, AttachStdin: true },
    ],
    [{ publish: ['53/udp'] }, { ExposedPorts: { '53/udp': {} } }],
  ])('%j beside it', (request, fields) => {
    expect(bodyOf(request)).toMatchObject(fields);
  });

  test('what was not asked for is left to the engine and the image', () => {
    const body = bodyOf({});
    for (const name of ['Cmd', 'Entrypoint', 'Hostname', 'User', 'WorkingDir', 'ExposedPorts'])
      expect(body).not.toHaveProperty(name);
    for (const name of ['NetworkMode', 'Runtime', 'NanoCpus', 'PortBindings', 'Mounts'])
      expect(body.HostConfig).not.toHaveProperty(name);
  });

  test('a trace holds environment and labels by name alone, and says which limits nobody asked for', () => {
    const told = toldFields(bodyOf({ env: ['TOKEN=hunter2', 'B=2'], command: ['true'] }), ['memory']);
    expect(told).toMatchObject({ Env: ['TOKEN', 'B'], Labels: ['underdock.run'], defaults: ['memory'] });
    expect(JSON.stringify(told)).not.toContain('hunter2');
  });
});
