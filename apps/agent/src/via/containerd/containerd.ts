import type { RunRequest } from '@underdock/trace';
import { AgentError } from '../../error.ts';
import { mergeCapabilities } from '../embedded/bundle/capabilities.ts';
import { type HostAbilities, readHostAbilities } from '../embedded/bundle/host.ts';
import { parseNetwork } from '../embedded/bundle/network.ts';
import { Origins } from '../embedded/bundle/provenance.ts';
import { buildResources } from '../embedded/bundle/resources.ts';
import { userMounts } from '../embedded/bundle/volumes.ts';
import { generateName } from '../embedded/containerName.ts';
import { checkRuntimePath } from '../runtimePath.ts';
import type { Via } from '../via.ts';
import { runInContainerd } from './containerdRun.ts';
import { type Containerds, type ContainerdsOptions, createContainerds } from './containerds.ts';
import { shimRuntime } from './runtimes.ts';

/** What the way in through containerd is made with. */
export interface ContainerdViaOptions extends ContainerdsOptions {
  /** `HOST:PORT` of the registry that serves the starter image. */
  starter?: () => Promise<string>;
  /** Programs that a request may name as its runtime by path; none by default. */
  allowedRuntimes?: readonly string[];
}

/** A way in that can also take apart what earlier agents left, and what was kept. */
export type ContainerdVia = Via & Pick<Containerds, 'recover' | 'removeKept'>;

/** The way in through containerd’s own API, as ctr takes it. */
export function createContainerdVia(options: ContainerdViaOptions): ContainerdVia {
  const { stateDir, starter, allowedRuntimes = [] } = options;
  const containerds = createContainerds(options);
  let abilities: Promise<HostAbilities> | undefined;
  const hostAbilities = () => {
    abilities ??= readHostAbilities();
    return abilities;
  };
  return {
    name: 'containerd',
    relayed: true,
    recover: () => containerds.recover(),
    removeKept: (run) => containerds.removeKept(run),
    async check(request, allowedMounts) {
      const { socket, runtime } = request;
      if (socket !== undefined) containerds.checkSocket(socket, allowedMounts);
      await checkRuntimePath(runtime, allowedRuntimes, allowedMounts);
      shimRuntime(runtime, stateDir);
      refusePorts(request);
      parseNetwork(request.network);
      mergeCapabilities(request.capAdd, request.capDrop);
      buildResources(request, await hostAbilities(), new Origins());
      await userMounts(request, allowedMounts);
    },
    run(request, context) {
      const name = request.name ?? generateName(() => false);
      const containerd = async (): ReturnType<Containerds['choose']> =>
        containerds.choose(request, { tell: context.tell, cause: [context.clientSpan] });
      return runInContainerd({ containerd, stateDir, starter, name, host: hostAbilities }, request, context);
    },
  };
}

/** containerd makes no networks: those who command it do. */
function refusePorts({ publish }: RunRequest): void {
  if (publish.length === 0) return;
  throw new AgentError('no-published-ports', `containerd can't publish the port ${publish[0]}`, {
    remedy: 'use --network host, or take --via docker: networks are an engine’s work',
  });
}
