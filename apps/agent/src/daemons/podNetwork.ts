import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../programs.ts';
import { shellWord } from '../shellWord.ts';
import { type DaemonProcess, startDaemon } from './daemonProcess.ts';
import { engineMark } from './privateEngineRemains.ts';

/** Where packages put network plugins. */
const PLUGIN_FOLDERS = ['/opt/cni/bin', '/usr/lib/cni', '/usr/libexec/cni'];
const NEEDED = ['bridge', 'host-local', 'loopback'];
const SUBNET = '10.89.77.0/24';
const READY_MS = 10_000;

/** A network for the pods of a private containerd. */
export interface PodNetwork {
  /** Where containerd finds the plugins, and their configuration. */
  cni: { plugins: string; config: string };
  /** Commands to be run in containerd’s mount namespace before it. */
  before: string;
  stop(): Promise<void>;
}

/**
 * Gives pods a bridge that the host has no part in: it stands in a network namespace of its own, and CNI’s plugins are started
 * there. Pods reach each other, and nothing else. Where no plugins are installed pods have only the host’s network.
 */
export async function openPodNetwork(folder: string): Promise<PodNetwork> {
  const at = (...names: string[]) => join(folder, ...names);
  const cni = { plugins: at('cni', 'bin'), config: at('cni', 'net.d') };
  // What an earlier one gave away is free again: nothing of it lives.
  rmSync(at('cni'), { recursive: true, force: true });
  for (const name of ['bin', 'net.d', 'cache']) mkdirSync(at('cni', name), { recursive: true });
  // libcni keeps its results there and nowhere else.
  const before = `mkdir -p /var/lib/cni && mount --bind ${shellWord(at('cni', 'cache'))} /var/lib/cni`;
  const plugins = PLUGIN_FOLDERS.find((one) => NEEDED.every((name) => existsSync(join(one, name))));
  if (plugins === undefined || !findProgram('nsenter') || !findProgram('ip'))
    return { cni, before, stop: async () => {} };
  const holder = await startHolder(folder);
  installPlugins(cni.plugins, plugins, holder.pid);
  writeFileSync(join(cni.config, 'underdock.conflist'), conflist(at('cni', 'networks')));
  return { cni, before, stop: () => holder.stop(0) };
}

/** A process that does nothing but keep the network namespace. */
function startHolder(folder: string): Promise<DaemonProcess> {
  const ready = join(folder, 'cni', 'ready');
  const script = `ip link set lo up && touch ${shellWord(ready)} && exec sleep 2147483647`;
  return startDaemon({
    name: 'pod network',
    argv: ['unshare', '--net', 'sh', '-c', script],
    log: join(folder, 'cni', 'network.log'),
    env: engineMark(folder),
    ready: async () => {
      if (!existsSync(ready)) throw new Error('not ready yet');
    },
    limitMs: READY_MS,
  });
}

/** The bridge is made in the holder’s namespace; the pod’s own is named to the plugin by a path. */
function installPlugins(folder: string, plugins: string, holder: number): void {
  const bridge = join(folder, 'bridge');
  writeFileSync(
    bridge,
    `#!/bin/sh\nexec nsenter --net=/proc/${holder}/ns/net ${shellWord(join(plugins, 'bridge'))} "$@"\n`,
  );
  chmodSync(bridge, 0o755);
  for (const name of ['host-local', 'loopback']) symlinkSync(join(plugins, name), join(folder, name));
}

function conflist(dataDir: string): string {
  const ipam = { type: 'host-local', ranges: [[{ subnet: SUBNET }]], dataDir };
  const bridge = { type: 'bridge', bridge: 'underdock0', isGateway: true, ipMasq: false, ipam };
  return JSON.stringify({ cniVersion: '0.4.0', name: 'underdock', plugins: [bridge] });
}
