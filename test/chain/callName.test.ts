import { callName } from '@underdock/chain';
import { describe, expect, it } from 'vitest';

const id = '3f2a1b4c5d6e'.padEnd(64, '0');

describe('the name of a call', () => {
  it('is the request, without the API’s version and with a short id', () => {
    expect(callName('engine/request', { method: 'POST', path: '/v1.41/containers/create' })).toBe(
      'POST /containers/create',
    );
    expect(callName('engine/request', { method: 'POST', path: `/v1.51/containers/${id}/start` })).toBe(
      'POST /containers/3f2a1b4c5d6e/start',
    );
    expect(callName('engine/query', { method: 'HEAD', path: '/_ping' })).toBe('HEAD /_ping');
  });

  it('is service and method of a remote call', () => {
    const ofEngine = { method: '/containerd.services.tasks.v1.Tasks/Create', id };
    expect(callName('high-level/create-task', ofEngine)).toBe('Tasks/Create');
    expect(callName('high-level/shim-request', { method: 'containerd.task.v2.Task/Create' })).toBe(
      'Task/Create',
    );
    expect(
      callName('high-level/call', { service: 'containerd.services.images.v1.Images', method: 'Get' }),
    ).toBe('Images/Get');
  });

  it('is what underdock itself did where no call carries a name', () => {
    expect(callName('high-level/create-task', {})).toBe('create task');
  });

  it('is the subcommand of a runtime, behind its global flags', () => {
    const argv = ['runc', '--root', '/run/runc', '--log-format', 'json', 'features'];
    expect(callName('low-level/call', { runtime: '/usr/sbin/runc', argv })).toBe('runc features');
    expect(callName('low-level/exec', { runtime: 'crun', argv: ['crun', 'exec', id] })).toBe('crun exec');
  });

  it('is the command that somebody typed, by its first words', () => {
    expect(callName('client/command', { argv: ['/usr/bin/docker', 'run', '--rm', 'nginx'] })).toBe(
      'docker run',
    );
  });
});
