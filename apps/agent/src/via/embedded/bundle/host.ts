import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { CAPABILITIES, capabilitiesOfMask } from './capabilities.ts';
import { type CgroupAbilities, readCgroups } from './cgroups.ts';
import { enterLeaf } from './delegation.ts';

/** What this host, and this user on it, can give a container. */
export interface HostAbilities {
  /** As `process.arch` names it: `x64`, `arm64`. */
  arch: string;
  /** Root in the host's own user namespace: without it a container needs a user namespace. */
  root: boolean;
  cpus: number;
  hostname: string;
  /** The capabilities that can be handed on. */
  capabilities: readonly string[];
  /** The hard limit of open files. */
  nofile: number;
  cgroup: CgroupAbilities;
}

const read = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');

/** True when the text of /proc/self/uid_map maps every id to itself: the host's own user namespace. */
export function isInitialUserNamespace(uidMap: string): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(uidMap);
}

/** Reads what this host and user can do from /proc and the cgroup hierarchies. Never rejects. */
export async function readHostAbilities(): Promise<HostAbilities> {
  const [status, limits, uidMap] = await Promise.all([
    read('/proc/self/status'),
    read('/proc/self/limits'),
    read('/proc/self/uid_map'),
  ]);
  const root = process.geteuid?.() === 0 && (uidMap === '' || isInitialUserNamespace(uidMap));
  const bounding = /^CapBnd:\s*([0-9a-f]+)/m.exec(status)?.[1];
  return {
    arch: process.arch,
    root,
    cpus: os.availableParallelism(),
    hostname: os.hostname(),
    capabilities: bounding === undefined ? CAPABILITIES : capabilitiesOfMask(bounding),
    nofile: Number(/^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1] ?? 1024),
    cgroup: await readCgroups(root),
  };
}

/**
 * As readHostAbilities, and makes a delegated cgroup ready for containers: this process and its neighbours in it move to
 * a leaf. Where that is refused, no limits are permitted and `why` says so. Never rejects.
 */
export async function prepareHostAbilities(): Promise<HostAbilities> {
  const host = await readHostAbilities();
  const { delegated, layout, mounts } = host.cgroup;
  if (delegated === undefined) return host;
  try {
    await enterLeaf(delegated);
    return host;
  } catch (error) {
    const limits = { memory: false, swap: false, cpu: false, pids: false };
    return { ...host, cgroup: { layout, mounts, limits, why: (error as Error).message } };
  }
}
