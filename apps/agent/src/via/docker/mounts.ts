import type { RunRequest } from '@underdock/trace';
import type { MountSettings } from 'dockerode';
import { AgentError } from '../../error.ts';
import { userMounts } from '../embedded/bundle/volumes.ts';

/** A name as the engine takes it for a volume (moby, volume/service). */
const VOLUME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/**
 * The mounts that --volume and --mount ask for, as the API takes them. Binds and tmpfs are held to the same rules as on the
 * embedded way: sources below an allowed folder, links resolved. Volumes belong to the engine.
 */
export async function dockerMounts(
  request: Pick<RunRequest, 'volume' | 'mount'>,
  allowed: readonly string[],
): Promise<MountSettings[]> {
  const named = [...request.volume.map(volumeOf), ...request.mount.map(volumeMountOf)];
  const ours = {
    volume: request.volume.filter((text) => !volumeOf(text)),
    mount: request.mount.filter((text) => !volumeMountOf(text)),
  };
  const mounts = await userMounts(ours, allowed);
  const settings = mounts.map(({ mount }): MountSettings => {
    const { destination: Target, type, source = '', options = [] } = mount;
    const ReadOnly = options.includes('ro');
    if (type !== 'tmpfs')
      return { Type: 'bind', Source: source, Target, ReadOnly, BindOptions: { Propagation: 'rprivate' } };
    return { Type: 'tmpfs', Source: '', Target, ReadOnly, TmpfsOptions: tmpfsOptions(options) };
  });
  return [...settings, ...named.filter((one) => one !== undefined)];
}

function tmpfsOptions(options: readonly string[]): NonNullable<MountSettings['TmpfsOptions']> {
  const value = (name: string) => options.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  return {
    SizeBytes: Number(value('size') ?? 0),
    Mode: Number.parseInt(value('mode') ?? '1777', 8),
  };
}

/** `name:/path[:ro]`, or `/path` for a volume without a name; undefined for a bind mount. */
function volumeOf(text: string): MountSettings | undefined {
  const parts = text.split(':');
  if (parts.length === 1 && text.startsWith('/')) return volume('', text, false);
  const [name = '', target = '', options = 'rw'] = parts;
  if (parts.length > 3 || !VOLUME.test(name) || !target.startsWith('/')) return undefined;
  if (options !== 'rw' && options !== 'ro') {
    throw new AgentError('bad-mount', `--volume ${JSON.stringify(text)}: ${options} is not an option`, {
      remedy: 'the options are ro and rw',
    });
  }
  return volume(name, target, options === 'ro');
}

/** `type=volume,source=name,target=/path[,readonly]`; undefined for other types. */
function volumeMountOf(text: string): MountSettings | undefined {
  const fields = new Map(
    text.split(',').map((one) => one.split(/=(.*)/s, 2) as [string, string | undefined]),
  );
  const type = fields.get('type') ?? 'volume';
  if (type !== 'volume') return undefined;
  const target = fields.get('target') ?? fields.get('dst') ?? fields.get('destination') ?? '';
  const source = fields.get('source') ?? fields.get('src') ?? '';
  const known = ['type', 'target', 'dst', 'destination', 'source', 'src', 'readonly', 'ro'];
  // A driver's options could make a volume of any folder of the host.
  const unknown = [...fields.keys()].find((name) => !known.includes(name));
  const wrong = unknown
    ? `${JSON.stringify(unknown)} is not a field of a volume here`
    : source !== '' && !VOLUME.test(source)
      ? `${JSON.stringify(source)} is no volume’s name`
      : !target.startsWith('/') && 'the place in the container must be an absolute path';
  if (wrong) {
    throw new AgentError('bad-mount', `--mount ${JSON.stringify(text)}: ${wrong}`, {
      remedy: 'write it as type=volume,source=NAME,target=/folder[,readonly]',
    });
  }
  const readonly = ['readonly', 'ro'].some(
    (name) => fields.has(name) && !['false', '0'].includes(fields.get(name) ?? ''),
  );
  return volume(source, target, readonly);
}

function volume(Source: string, Target: string, ReadOnly: boolean): MountSettings {
  return { Type: 'volume', Source, Target, ReadOnly };
}
