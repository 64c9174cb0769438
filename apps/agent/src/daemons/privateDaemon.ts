import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { AgentError } from '../error.ts';
import { findProgram } from '../programs.ts';
import { cgroupMounts } from '../via/embedded/bundle/cgroups.ts';

/** sun_path has 108 bytes (unix(7)), and containerd appends `.ttrpc`. */
const LONGEST_SOCKET = 100;

/** A mount namespace of its own, so that no mount of a daemon’s outlives it on the host; host mounts still come in. */
export const OWN_MOUNTS: readonly string[] = ['unshare', '--mount', '--propagation', 'slave'];

/** Throws AgentError `state-path-too-long` for a socket’s path that the kernel would cut. */
export function refuseLongPath(socket: string): void {
  if (Buffer.byteLength(socket) <= LONGEST_SOCKET) return;
  throw new AgentError('state-path-too-long', `${socket} is too long for a socket’s name`, {
    remedy: 'choose a state folder with a shorter path: --state DIR',
  });
}

/** The path of a crun that works behind a daemon: where cgroups are hybrid, which it refuses, a wrapper in `folder` hides v2. */
export function crunProgram(folder: string): string | undefined {
  const crun = findProgram('crun');
  if (!crun) return undefined;
  const { layout, mounts } = cgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
  const unified = mounts.unified;
  if (layout !== 'hybrid' || unified === undefined) return crun;
  const wrapper = join(folder, 'crun');
  const script = `#!/bin/sh\nexec unshare -m sh -c 'umount ${unified}; exec "$@"' sh ${crun} "$@"\n`;
  writeFileSync(wrapper, script);
  chmodSync(wrapper, 0o755);
  return wrapper;
}

/** Resolves when somebody listens on the socket. */
export function connects(socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve();
    });
    connection.once('error', reject);
  });
}
