import { EmbeddedError } from '../error.ts';

/** Every capability in the order of its number (capabilities(7), linux/capability.h): CAPABILITIES[21] is CAP_SYS_ADMIN. */
export const CAPABILITIES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const;

/** What docker leaves to a container that asks for nothing. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_RAW',
  'CAP_SYS_CHROOT',
  'CAP_MKNOD',
  'CAP_AUDIT_WRITE',
  'CAP_SETFCAP',
];

/** The names in a mask as /proc/PID/status writes it (`CapBnd: 000001fffeffffff`). */
export function capabilitiesOfMask(hex: string): string[] {
  const mask = BigInt(`0x${hex.trim()}`);
  return CAPABILITIES.filter((_, number) => (mask >> BigInt(number)) % 2n === 1n);
}

/** CAP_X for X, Cap_X or CAP_X, and ALL. Throws EmbeddedError `bad-capability`, which names the flag. */
export function fullName(flag: string, text: string): string {
  const upper = text.trim().toUpperCase();
  if (upper === 'ALL') return upper;
  const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if ((CAPABILITIES as readonly string[]).includes(name)) return name;
  throw new EmbeddedError('bad-capability', `${flag} ${JSON.stringify(text)} is not a capability`, {
    remedy: `use ALL or one of ${CAPABILITIES.map((known) => known.slice(4)).join(', ')}`,
  });
}

/**
 * The capabilities that result from docker's default set, --cap-drop and --cap-add: ALL is taken first, single names
 * refine it, and an added name wins over ALL dropped. Names may be written with or without CAP_, in any case.
 */
export function mergeCapabilities(add: readonly string[], drop: readonly string[]): string[] {
  const added = add.map((name) => fullName('--cap-add', name));
  const dropped = drop.map((name) => fullName('--cap-drop', name));
  const start = added.includes('ALL') ? CAPABILITIES : dropped.includes('ALL') ? [] : DEFAULT_CAPABILITIES;
  const left = new Set<string>(start.filter((name) => !dropped.includes(name)));
  for (const name of added) {
    if (name !== 'ALL') left.add(name);
  }
  return CAPABILITIES.filter((name) => left.has(name));
}
