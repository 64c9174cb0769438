import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { command, MachineError } from './command.ts';

const PROGRAMS: Record<string, string> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  mmdebstrap: 'mmdebstrap',
  mke2fs: 'e2fsprogs',
  setpriv: 'util-linux',
};
const PLACES = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** Makes sure that the host has what makes and runs the machine; as root with apt it installs what is missing. */
export async function ensureHostPackages(): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new MachineError(
      'unsupported-host',
      `the machine is made on Linux on x86-64 only, this is ${process.platform} on ${process.arch}`,
    );
  const path = (process.env.PATH ?? '').split(delimiter);
  process.env.PATH = [...new Set([...path, ...PLACES])].join(delimiter);
  const missing = Object.keys(PROGRAMS).filter((program) => !has(program));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((program) => PROGRAMS[program]!))];
  if (process.getuid?.() !== 0 || !has('apt-get'))
    throw new MachineError(
      'missing-program',
      `${missing.join(', ')} missing: install ${packages.join(' ')} (Debian's names), or run this as root on Debian`,
    );
  console.log(`installing ${packages.join(' ')} …`);
  process.env.DEBIAN_FRONTEND = 'noninteractive';
  await command('apt-get', ['update', '-qq']);
  const wait = ['-o', 'DPkg::Lock::Timeout=300'];
  await command('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...wait, ...packages]);
}

function has(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}
