// linux/capability.h, in the order of their numbers.
const NAMES =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'.split(
    ' ',
  );

/** The name of a capability (`CAP_SYS_ADMIN`), `CAP_<number>` for one that is newer than this table. */
export function capabilityName(number: number): string {
  return `CAP_${NAMES[number] ?? number}`;
}

/** The names in a set of capabilities, given as its low and high 32 bits. */
export function capabilityNames(low: number, high = 0): string[] {
  const names: string[] = [];
  for (let bit = 0; bit < 64; bit++) {
    const word = bit < 32 ? low : high;
    if ((word >>> (bit % 32)) & 1) names.push(capabilityName(bit));
  }
  return names;
}

/** The names in a set as /proc/PID/status writes it: 16 hexadecimal digits. */
export function capabilitiesOfHex(hex: string): string[] {
  const padded = hex.trim().padStart(16, '0');
  return capabilityNames(Number.parseInt(padded.slice(-8), 16), Number.parseInt(padded.slice(-16, -8), 16));
}
