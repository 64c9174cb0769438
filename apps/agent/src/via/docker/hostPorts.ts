import type { ContainerInspectInfo } from 'dockerode';
import type { NetDoor } from '../../daemons/netDoor.ts';
import type { Tell } from '../../run/tell.ts';
import { parsePublish } from './ports.ts';

/** Ports of the host that lead through a door into an engine's own network, as long as a container has them published. */
export class HostPorts {
  #door: NetDoor | undefined;
  #ends: (() => void)[] = [];

  constructor(door: NetDoor | undefined) {
    this.#door = door;
  }

  /** Opens those that were named, before the container is started: one that is taken is known in time. Rejects with `port-taken`. */
  async openNamed(publish: readonly string[], tell: Tell, about: { cause: string[] }): Promise<void> {
    for (const { hostIp, hostPort, protocol } of this.#door ? parsePublish(publish) : []) {
      if (protocol === 'tcp') {
        if (hostPort !== undefined) await this.#open(hostPort, hostIp);
      } else {
        const why = 'the private engine’s network can be reached from the host by TCP alone';
        tell.log('low-level/absent', { what: `a published ${protocol} port`, why }, about);
      }
    }
  }

  /** Opens those that the engine has chosen. */
  async openChosen(publish: readonly string[], info: ContainerInspectInfo): Promise<void> {
    const chosen = parsePublish(publish).filter(({ hostPort, protocol }) => !hostPort && protocol === 'tcp');
    for (const { containerPort, hostIp } of this.#door ? chosen : []) {
      const [binding] = info.NetworkSettings.Ports[`${containerPort}/tcp`] ?? [];
      if (binding) await this.#open(Number(binding.HostPort), hostIp);
    }
  }

  close(): void {
    for (const end of this.#ends.splice(0)) end();
  }

  async #open(port: number, hostIp: string | undefined): Promise<void> {
    const end = await this.#door?.letIn(port, hostIp);
    if (end) this.#ends.push(end);
  }
}
