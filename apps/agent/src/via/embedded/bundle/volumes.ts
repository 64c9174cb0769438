import { open, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { RunRequest } from '@underdock/trace';
import { EmbeddedError } from '../error.ts';
import type { OciMount } from './ociConfig.ts';
import { parseSize } from './sizes.ts';

/** A mount that a flag asked for, before its source was looked at. */
export interface WantedMount {
  flag: '--volume' | '--mount';
  text: string;
  type: 'bind' | 'tmpfs';
  /** Host path of a bind mount. */
  source?: string;
  /** Absolute path in the container. */
  target: string;
  readonly: boolean;
  /** Options of a tmpfs: size in bytes, mode in octal. */
  size?: number;
  mode?: string;
}

function bad(flag: string, text: string, what: string, remedy: string): EmbeddedError {
  return new EmbeddedError('bad-mount', `${flag} ${JSON.stringify(text)}: ${what}`, { remedy });
}

const NAMED =
  'named volumes belong to an engine that keeps them; give a host folder (/srv/www:/www), or --mount type=tmpfs,target=/data for scratch space';

function checkTarget(flag: string, text: string, target: string | undefined): string {
  const clean = target === undefined ? '' : path.posix.normalize(target);
  if (!clean.startsWith('/')) {
    throw bad(flag, text, 'the place in the container must be an absolute path', 'write it as /folder');
  }
  if (clean === '/')
    throw bad(flag, text, 'the container’s root can’t be mounted over', 'choose a folder below /');
  return clean.length > 1 ? clean.replace(/\/$/, '') : clean;
}

function checkSource(flag: string, text: string, source: string | undefined): string {
  if (source === undefined || source === '') {
    throw bad(flag, text, 'there is no source', 'name the host folder to mount');
  }
  if (!source.startsWith('/'))
    throw bad(flag, text, `${JSON.stringify(source)} is a volume’s name, not a path`, NAMED);
  return source;
}

/** `/host:/container[:ro|rw]`, docker's --volume. Throws EmbeddedError that says what is wrong with it. */
export function parseVolume(text: string): WantedMount {
  const flag = '--volume';
  const parts = text.split(':');
  if (parts.length === 1) throw bad(flag, text, 'it names no host folder', NAMED);
  if (parts.length > 3)
    throw bad(flag, text, 'it has more than three parts', 'write /host:/container or /host:/container:ro');
  const source = checkSource(flag, text, parts[0]);
  const options = (parts[2] ?? 'rw').split(',');
  const unknown = options.find((option) => option !== 'ro' && option !== 'rw');
  if (unknown !== undefined) {
    throw bad(flag, text, `${JSON.stringify(unknown)} is not an option`, 'the options are ro and rw');
  }
  if (options.includes('ro') && options.includes('rw')) {
    throw bad(flag, text, 'it can’t be both ro and rw', 'choose one of them');
  }
  return {
    flag,
    text,
    type: 'bind',
    source,
    target: checkTarget(flag, text, parts[1]),
    readonly: options.includes('ro'),
  };
}

/** The fields of one line of comma separated values; quotes protect commas, a doubled quote is a quote (RFC 4180). */
function csvFields(text: string): string[] {
  return [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((match) =>
    match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"'),
  );
}

const ALIASES: Record<string, string> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
};
const KEYS = {
  bind: ['type', 'source', 'target', 'readonly'],
  tmpfs: ['type', 'target', 'readonly', 'tmpfs-size', 'tmpfs-mode'],
} as const;

function truth(flag: string, text: string, value: string | undefined): boolean {
  if (value === undefined || value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw bad(
    flag,
    text,
    `readonly=${value} is neither true nor false`,
    'write readonly, readonly=true or readonly=false',
  );
}

function mountFields(text: string): Map<string, string | undefined> {
  const fields = new Map<string, string | undefined>();
  for (const field of csvFields(text)) {
    const at = field.indexOf('=');
    const key = (at === -1 ? field : field.slice(0, at)).trim().toLowerCase();
    fields.set(ALIASES[key] ?? key, at === -1 ? undefined : field.slice(at + 1));
  }
  return fields;
}

/** `type=bind,source=/host,target=/container[,readonly]` or `type=tmpfs,target=/x[,tmpfs-size=,tmpfs-mode=]`, docker's --mount. */
export function parseMount(text: string): WantedMount {
  const flag = '--mount';
  const fields = mountFields(text);
  const type = fields.get('type') ?? 'volume';
  if (type === 'volume') throw bad(flag, text, 'it asks for a named volume', NAMED);
  if (type !== 'bind' && type !== 'tmpfs') {
    throw bad(flag, text, `type ${JSON.stringify(type)} is not known`, 'the types are bind and tmpfs');
  }
  const unknown = [...fields.keys()].find((key) => !(KEYS[type] as readonly string[]).includes(key));
  if (unknown !== undefined) {
    throw bad(
      flag,
      text,
      `${JSON.stringify(unknown)} is not a field of ${type}`,
      `the fields are ${KEYS[type].join(', ')}`,
    );
  }
  const target = checkTarget(flag, text, fields.get('target'));
  const readonly = fields.has('readonly') && truth(flag, text, fields.get('readonly'));
  if (type === 'bind')
    return { flag, text, type, source: checkSource(flag, text, fields.get('source')), target, readonly };
  const mode = fields.get('tmpfs-mode');
  if (mode !== undefined && !/^[0-7]{3,4}$/.test(mode)) {
    throw bad(flag, text, `mode ${JSON.stringify(mode)} is not octal`, 'write it as 1777 or 755');
  }
  const size = fields.get('tmpfs-size');
  return {
    flag,
    text,
    type,
    target,
    readonly,
    ...(size === undefined ? {} : { size: parseSize(size, 'tmpfs-size') }),
    ...(mode === undefined ? {} : { mode }),
  };
}

function below(folder: string, file: string): boolean {
  return file === folder || file.startsWith(folder === '/' ? '/' : `${folder}/`);
}

/** What a bind mount's source was when it was looked at: the runtime finds it by its path again, later. */
export interface MountSource {
  destination: string;
  device: bigint;
  inode: bigint;
}

/** open(2): neither reads nor waits, and holds what the path led to. */
const O_PATH = 0o10000000;

/** What lies at the source, held open so that its path and its kind are those of one and the same thing. */
async function lookAt(
  wanted: WantedMount,
): Promise<{ real: string; isPlain: boolean; device: bigint; inode: bigint }> {
  const { flag, text, source = '' } = wanted;
  try {
    const file = await open(source, O_PATH);
    try {
      const about = await file.stat({ bigint: true });
      const real = await realpath(await readlink(`/proc/self/fd/${file.fd}`));
      const isPlain = about.isDirectory() || about.isFile();
      return { real, isPlain, device: about.dev, inode: about.ino };
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new EmbeddedError(
      'bad-mount',
      `${flag} ${JSON.stringify(text)}: ${source} does not exist on the host`,
      {
        remedy: 'make the folder first, or correct the path',
        cause,
      },
    );
  }
}

/** The path, links resolved, has to lie below one of the allowed folders; else EmbeddedError. */
async function checkAllowed(wanted: WantedMount, real: string, allowed: readonly string[]): Promise<void> {
  const { flag, text, source = '' } = wanted;
  const folders = await Promise.all(allowed.map((folder) => realpath(folder).catch(() => undefined)));
  if (folders.some((folder) => folder !== undefined && below(folder, real))) return;
  const which = allowed.length === 0 ? 'no host folder is allowed' : `allowed are only ${allowed.join(', ')}`;
  const really = real === source ? source : `${source} (really ${real})`;
  throw new EmbeddedError(
    'mount-not-allowed',
    `${flag} ${JSON.stringify(text)}: ${really} may not be mounted, ${which}`,
    {
      remedy: 'start underdock with --allow-mount and a folder above it',
    },
  );
}

async function toOci(
  wanted: WantedMount,
  allowed: readonly string[],
): Promise<{ mount: OciMount; source?: MountSource }> {
  const access = wanted.readonly ? 'ro' : 'rw';
  const destination = wanted.target;
  if (wanted.type === 'tmpfs') {
    const options = ['nosuid', 'nodev', 'noexec', access];
    if (wanted.size !== undefined) options.push(`size=${wanted.size}`);
    options.push(`mode=${wanted.mode ?? '1777'}`);
    return { mount: { destination, type: 'tmpfs', source: 'tmpfs', options } };
  }
  const { real, isPlain, device, inode } = await lookAt(wanted);
  await checkAllowed(wanted, real, allowed);
  if (!isPlain) {
    throw bad(
      wanted.flag,
      wanted.text,
      'its source is neither a folder nor a file',
      'mount a folder or a regular file',
    );
  }
  const mount = { destination, type: 'bind', source: real, options: ['rbind', 'rprivate', access] };
  return { mount, source: { destination, device, inode } };
}

/** The mounts that --volume and --mount ask for. Sources must lie below an allowed folder, links resolved. */
export async function userMounts(
  request: Pick<RunRequest, 'volume' | 'mount'>,
  allowed: readonly string[],
): Promise<{ flag: string; mount: OciMount; source?: MountSource }[]> {
  const wanted = [...request.volume.map(parseVolume), ...request.mount.map(parseMount)];
  const seen = new Set<string>();
  for (const { flag, text, target } of wanted) {
    if (seen.has(target)) throw bad(flag, text, `${target} is mounted twice`, 'keep one of the two');
    seen.add(target);
  }
  return Promise.all(wanted.map(async (one) => ({ flag: one.flag, ...(await toOci(one, allowed)) })));
}
