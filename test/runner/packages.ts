import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { call } from './process.ts';

/** Programs the tests use, those outside of PATH by their path, and the Debian packages that bring them. */
const PROGRAMS: Record<string, string> = {
  bpftrace: 'bpftrace',
  strace: 'strace',
  runc: 'runc',
  crun: 'crun',
  umoci: 'umoci',
  skopeo: 'skopeo',
  newuidmap: 'uidmap',
  ip: 'iproute2',
  iptables: 'iptables',
  'docker-compose': 'docker-compose',
  nsenter: 'util-linux',
  hostname: 'hostname',
  ps: 'procps',
  useradd: 'passwd',
  openssl: 'openssl',
  setfattr: 'attr',
  zstd: 'zstd',
  busybox: 'busybox-static',
  chromium: 'chromium',
  '/usr/lib/cni/loopback': 'containernetworking-plugins',
};

/**
 * Daemons that their packages would start at once: these packages are unpacked into a folder of the tests and never
 * installed, so that nothing begins to run or listen on the machine.
 */
const DAEMONS: Record<string, string[]> = {
  'docker-registry': ['docker-registry'],
  nginx: ['nginx-light', 'nginx-common', 'nginx'],
  dockerd: ['docker.io'],
  docker: ['docker.io'],
  containerd: ['containerd'],
};

/** What unpacked daemons need and can't have from their own folder: libraries, which start nothing. */
const LIBRARIES: Record<string, string> = { 'docker.io': 'libdevmapper1.02.1' };

/** Files that tests read and the packages that they lie in: unpacked like daemons, since nothing else of them is wanted. */
const FILES: Record<string, string> = {
  'usr/share/gocode/src/github.com/containerd/containerd/api': 'golang-github-containerd-containerd-dev',
};

/** Debian's own places, then the folder that unpacked daemons lie in. */
const PLACES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const unpacked = resolve('test/.work/daemons');

/**
 * Makes sure that everything the live and browser tests use is there; as root on Debian or Ubuntu it installs what is missing.
 */
export async function ensureSystemPackages(): Promise<void> {
  const own = PLACES.slice(2, 4).map((place) => join(unpacked, place));
  process.env.PATH = [...new Set([...(process.env.PATH ?? '').split(delimiter), ...PLACES, ...own])].join(
    delimiter,
  );
  const missing = missingFrom(Object.keys(PROGRAMS)).map((program) => PROGRAMS[program]!);
  const daemons = [...new Set(missingFrom(Object.keys(DAEMONS)).flatMap((program) => DAEMONS[program]!))];
  missing.push(...daemons.flatMap((name) => LIBRARIES[name] ?? []));
  const files = Object.keys(FILES).filter(
    (path) => !['/', unpacked].some((root) => existsSync(join(root, path))),
  );
  daemons.push(...files.map((path) => FILES[path]!));
  if (missing.length + daemons.length === 0) return;
  if (process.getuid?.() !== 0 || missingFrom(['apt-get']).length > 0) {
    console.error(
      `missing: ${[...missing, ...daemons].join(' ')}: install them, or run npm test as root on Debian or Ubuntu`,
    );
    return;
  }
  console.log(`installing ${[...missing, ...daemons].join(' ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await call('apt-get', ['update', '-qq'], env);
  if (missing.length > 0)
    await call('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], env);
  if (daemons.length > 0) unpack(daemons);
}

function missingFrom(programs: string[]): string[] {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return programs.filter((program) => {
    const places = program.startsWith('/') ? [program] : folders.map((folder) => join(folder, program));
    return !places.some((place) => existsSync(place));
  });
}

/** Downloads packages without installing them and lays their files under test/.work/daemons. */
function unpack(packages: string[]): void {
  mkdirSync(unpacked, { recursive: true });
  for (const name of packages)
    spawnSync('apt-get', ['download', '-qq', name], { cwd: unpacked, stdio: 'inherit' });
  for (const file of readdirSync(unpacked).filter((name) => name.endsWith('.deb'))) {
    spawnSync('dpkg', ['-x', file, '.'], { cwd: unpacked, stdio: 'inherit' });
  }
}
