import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** What a program said; undefined instead of this where the program is not there. */
export interface Said {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** The host as the checks see it. */
export interface System {
  platform: string;
  uid: number;
  env: Record<string, string | undefined>;
  /** The file's text, empty where it is missing or may not be read. */
  text(path: string): string;
  exists(path: string): boolean;
  /** Where a symbolic link leads, empty where there is none. */
  link(path: string): string;
  /** Names in a folder, none where it is missing. */
  entries(path: string): string[];
  run(argv: readonly string[]): Promise<Said | undefined>;
}

/** A check takes no longer than this; what hangs does not work. */
const RUN_MS = 10_000;
const SYSTEM_FOLDERS = '/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin';

/** This host, or a folder that looks like one. */
export function createSystem(env: Record<string, string | undefined>, root = '/'): System {
  const path = `${env.PATH ?? ''}:${SYSTEM_FOLDERS}`;
  return {
    platform: process.platform,
    uid: process.geteuid?.() ?? -1,
    env,
    text(file) {
      try {
        return readFileSync(join(root, file), 'utf8');
      } catch {
        return '';
      }
    },
    link(file) {
      try {
        return readlinkSync(join(root, file));
      } catch {
        return '';
      }
    },
    exists: (file) => existsSync(join(root, file)),
    entries(folder) {
      try {
        return readdirSync(join(root, folder));
      } catch {
        return [];
      }
    },
    run([file = '', ...args]) {
      const options = {
        timeout: RUN_MS,
        killSignal: 'SIGKILL' as const,
        env: { ...env, PATH: path, LC_ALL: 'C' },
      };
      return new Promise((resolve) => {
        execFile(file, args, options, (error, stdout, stderr) => {
          const code = (error as { code?: unknown } | null)?.code;
          if (code === 'ENOENT' || code === 'EACCES') resolve(undefined);
          else resolve({ exitCode: error ? (typeof code === 'number' ? code : 1) : 0, stdout, stderr });
        });
      });
    },
  };
}

/** The value of a sysctl, by its name with dots; undefined where the kernel has none of that name. */
export function sysctl(system: System, name: string): string | undefined {
  const text = system.text(`/proc/sys/${name.replaceAll('.', '/')}`).trim();
  return text === '' ? undefined : text;
}

/** The command that installs a package, for the two families of distributions. */
export function install(debian: string, fedora = debian): string {
  return `Debian, Ubuntu: apt-get install ${debian}; Fedora, RHEL: dnf install ${fedora}`;
}
