import type { OwnContainerd } from '../../daemons/ownContainerd.ts';
import { generateName } from '../embedded/containerName.ts';
import { effectiveLimits } from '../embedded/limits.ts';
import type { Recovered } from '../embedded/recover.ts';
import type { Via } from '../via.ts';
import { runByCri } from './criRun.ts';
import { criMounts, refuseInexpressible } from './flags.ts';
import { recoverPods, removeKeptPod, tidyOwn } from './recover.ts';
import { createCriRuntimes } from './runtimes.ts';

/** What the way in by the CRI is made with. */
export interface CriViaOptions {
  stateDir: string;
  /** underdock’s own containerd, for where nothing speaks the CRI. */
  containerd: OwnContainerd;
  env: Record<string, string | undefined>;
  /** `HOST:PORT` of the registry that serves the starter image. */
  starter?: () => Promise<string>;
}

/** The way in by the CRI, and what agents before this one may have left on it. */
export interface CriVia extends Via {
  recover(): Promise<Recovered[]>;
  /** Removes a pod that was kept, by its run’s id. False when there is none. */
  removeKept(run: string): Promise<boolean>;
}

/** The way in as a kubelet has it: pods and containers by the CRI, in containerd or CRI-O. */
export function createCriVia({ stateDir, containerd, env, starter }: CriViaOptions): CriVia {
  /** Which of underdock’s own containerds, by pid, holds nothing of earlier agents any more. */
  let tidied: number | undefined;
  const runtimes = createCriRuntimes(containerd, env);
  return {
    name: 'cri',
    relayed: true,
    async check(request, allowedMounts) {
      if (request.socket !== undefined) runtimes.checkSocket(request.socket, allowedMounts);
      refuseInexpressible(request);
      effectiveLimits(request);
      await criMounts(request, allowedMounts);
    },
    run(request, context) {
      const name = request.name ?? generateName(() => false);
      const runtime: Parameters<typeof runByCri>[0]['runtime'] = async (asking) => {
        const chosen = await runtimes.choose(request, asking);
        const { pid } = chosen.daemon.actor;
        if (chosen.kind === 'private' && tidied !== pid) await tidyOwn(stateDir, chosen);
        if (chosen.kind === 'private') tidied = pid;
        return chosen;
      };
      return runByCri({ runtime, stateDir, starter, name }, request, context);
    },
    recover: () => recoverPods(stateDir, runtimes),
    removeKept: (run) => removeKeptPod(stateDir, run, runtimes, containerd),
  };
}
