import { AgentError } from '../error.ts';
import { DEFAULT_CAPABILITIES, fullName } from './embedded/bundle/capabilities.ts';

/** Beside docker's default ones: what acts on nothing outside of the container's own namespaces (capabilities(7)). */
const CONTAINED = ['CAP_IPC_LOCK', 'CAP_IPC_OWNER', 'CAP_LEASE', 'CAP_SYS_PTRACE'];
/** The same, unless the container has the host's network. */
const OF_A_NETWORK = ['CAP_NET_ADMIN', 'CAP_NET_BROADCAST'];

/** Who may ask for more than that. */
export interface CapabilityFreedom {
  /** Full names that somebody named with `--allow-cap`; ALL = every one. */
  allowed: readonly string[];
  hostNetwork: boolean;
}

/**
 * Those of the capabilities (full names) that reach beyond a container and that nobody allowed: with them a container of
 * root's is as mighty as the host's root.
 */
export function capabilitiesBeyond(names: readonly string[], freedom: CapabilityFreedom): string[] {
  const { allowed, hostNetwork } = freedom;
  if (allowed.includes('ALL')) return [];
  const free = [...DEFAULT_CAPABILITIES, ...CONTAINED, ...(hostNetwork ? [] : OF_A_NETWORK), ...allowed];
  return names.filter((name) => !free.includes(name));
}

/**
 * Throws AgentError `capability-not-allowed` for a `--cap-add` that goes beyond, EmbeddedError `bad-capability` for what is no
 * capability. Names are taken with and without CAP_.
 */
export function checkCapabilities(names: readonly string[], freedom: CapabilityFreedom): void {
  const full = names.map((name) => fullName('--cap-add', name));
  const [first] = capabilitiesBeyond(full, freedom);
  if (first === undefined) return;
  const name = first.replace(/^CAP_/, '');
  const beside = freedom.hostNetwork && OF_A_NETWORK.includes(first) ? ' with the host’s network' : '';
  throw new AgentError(
    'capability-not-allowed',
    `--cap-add ${name}${beside} is not allowed here: a container that has it can act on the host`,
    {
      remedy: `leave it out, or start underdock with --allow-cap ${name}: who may run is then as mighty as this agent`,
    },
  );
}

/** The full names that `--allow-cap` was given. Throws EmbeddedError `bad-capability` for what is none. */
export function allowedCapabilities(names: readonly string[]): string[] {
  return names.map((name) => fullName('--allow-cap', name));
}
