import { spawnSync } from 'node:child_process';
import { startPrivateEngine } from '../../apps/agent/src/daemons/privateEngine.ts';

/** A docker engine of the bench's own: private roots and socket, no bridge, no iptables. */
export interface DockerEngine {
  /** `docker …` on this engine; throws with what it said when it fails. */
  docker(args: string[], input?: Buffer): string;
  close(): Promise<void>;
}

/** Starts containerd and dockerd (of Debian's packages) under `folder` and waits until they answer. */
export async function startDockerEngine(folder: string): Promise<DockerEngine> {
  const { socket, close } = await startPrivateEngine({ folder });
  return {
    close,
    docker(args, input) {
      const result = spawnSync('docker', ['-H', `unix://${socket}`, ...args], { encoding: 'utf8', input });
      if (result.status === 0) return result.stdout;
      throw new Error(`docker ${args.join(' ')}: ${result.error?.message ?? result.stderr}`);
    },
  };
}
