/** Whether an address of version 4 leads to one place on the internet: neither loopback nor private nor kept for something. */
export function isPublicV4(address: string): boolean {
  const parts = address.split('.').map(Number);
  const [a = 0, b = 0, c = 0] = parts;
  if (parts.length !== 4 || parts.some((part) => part > 255)) return false;
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false;
  if (a === 100 && b >= 64 && b <= 127) return false;
  if ((a === 169 && b === 254) || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168)) return false;
  if (a === 198 && (b === 18 || b === 19)) return false;
  const documentation = ['192.0.0', '192.0.2', '198.51.100', '203.0.113'];
  return !documentation.includes(`${a}.${b}.${c}`);
}

/** Whether a word is an address of version 6 of the part that is given out on the internet (2000::/3). */
export function isPublicV6(word: string): boolean {
  const halves = word.toLowerCase().split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return false;
  const isWhole = halves.length === 2 ? groups.length < 8 : groups.length === 8;
  // What merely looks like one (a time of day, a part of a digest) is short.
  if (!isWhole || groups.length < 3) return false;
  const first = Number.parseInt(groups[0]!, 16);
  return (
    first >= 0x2000 && first < 0x4000 && !(first === 0x2001 && Number.parseInt(groups[1]!, 16) === 0xdb8)
  );
}

/** Whether a hardware address is a maker’s own: one that software made up is told by a bit of its first octet. */
export function isMakersOwn(address: string): boolean {
  return (Number.parseInt(address.slice(0, 2), 16) & 3) === 0 && !/^(00[:-]){5}00$/.test(address);
}

// Servers that everybody knows: their names tell nothing of whoever recorded. Whatever lies below one of them is known too.
const KNOWN = [
  ...['docker.io', 'docker.com', 'ghcr.io', 'github.com', 'githubusercontent.com', 'quay.io', 'gcr.io'],
  ...['k8s.io', 'kubernetes.io', 'mcr.microsoft.com', 'public.ecr.aws', 'registry.gitlab.com', 'gitlab.com'],
  ...['registry.access.redhat.com', 'registry.fedoraproject.org', 'opencontainers.org', 'containerd.io'],
  ...['debian.org', 'ubuntu.com', 'alpinelinux.org', 'nginx.org', 'python.org', 'nodejs.org', 'golang.org'],
  ...['localhost', 'local', 'internal.example', 'example', 'example.org', 'example.com', 'example.net'],
  ...['invalid', 'test', 'googleapis.com'],
];

/** Whether a server’s name tells something of its place: not one that everybody uses, and no plain address. */
export function isTellingServer(name: string): boolean {
  const host = name.toLowerCase();
  if (/^[\d.]+$/.test(host) || !/[a-z]/.test(host)) return false;
  return !KNOWN.some((known) => host === known || host.endsWith(`.${known}`));
}
