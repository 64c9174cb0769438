import { describe, expect, test } from 'vitest';
import { containerdConfig } from '../../../apps/agent/src/daemons/containerdConfig.ts';

const options = {
  opt: '/state/opt',
  runtimeRoot: '/state/run/runtimes',
  pauseImage: '127.0.0.1:5000/pause:latest',
  hosts: '/state/hosts',
  cni: { plugins: '/usr/lib/cni', config: '/state/cni' },
  runtimes: { crun: '/usr/bin/crun' },
};

/** Each line with the table that it stands in. */
function settings(config: string): string[] {
  let table = '';
  return config.split('\n').flatMap((line) => {
    if (line.startsWith('[')) table = line.slice(1, -1).replaceAll("'", '"');
    else if (line.includes(' = ')) return [`${table} ${line.trim()}`];
    return [];
  });
}

describe('the configuration of a private containerd', () => {
  test('speaks to containerd 1 by the names of version 2', () => {
    const lines = settings(containerdConfig({ ...options, major: 1 }));
    expect(lines).toContain(' version = 2');
    expect(lines).toContain(
      'plugins."io.containerd.grpc.v1.cri" sandbox_image = "127.0.0.1:5000/pause:latest"',
    );
    expect(lines).toContain('plugins."io.containerd.grpc.v1.cri".cni bin_dir = "/usr/lib/cni"');
  });

  test('speaks to containerd 2 by the names of version 3', () => {
    const lines = settings(containerdConfig({ ...options, major: 2 }));
    expect(lines).toContain(' version = 3');
    expect(lines).toContain(
      'plugins."io.containerd.cri.v1.images".pinned_images sandbox = "127.0.0.1:5000/pause:latest"',
    );
    expect(lines).toContain('plugins."io.containerd.cri.v1.runtime" restrict_oom_score_adj = true');
  });

  test.each([1, 2])('opens no port to anybody but this host, with containerd %i', (major) => {
    const lines = settings(containerdConfig({ ...options, major }));
    expect(lines).toContain('plugins."io.containerd.grpc.v1.cri" disable_tcp_service = true');
    expect(lines).toContain('plugins."io.containerd.grpc.v1.cri" stream_server_address = "127.0.0.1"');
  });

  test.each([1, 2])('offers crun beside runc, with containerd %i', (major) => {
    const config = containerdConfig({ ...options, major });
    expect(config).toContain('.containerd.runtimes."crun".options]\n  BinaryName = "/usr/bin/crun"');
    expect(config).toContain('.containerd.runtimes."runc"]');
    expect(config.match(/Root = "\/state\/run\/runtimes"/g)).toHaveLength(2);
  });
});
