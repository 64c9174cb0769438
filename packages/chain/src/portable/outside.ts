import { bytesOf } from '../provenance/values.ts';
import {
  filled,
  first,
  inBody,
  inConfig,
  inLimits,
  option,
  positive,
  type Sources,
  told,
  wordList,
} from './sources.ts';
import type { Portable, PortableMount, PortablePort, Told } from './types.ts';

/** Whether it is an object with fields. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** How much of the host it may take. */
export function limitsOf(from: Sources): Pick<Portable, 'memory' | 'cpus' | 'pids'> {
  return {
    memory: first(
      option(from, 'memory', '--memory', (value) => positive(bytesOf(value))),
      inLimits(from, 'memory'),
      inBody(from, 'HostConfig.Memory', positive),
      inConfig(from, 'linux.resources.memory.limit', positive),
    ),
    cpus: first(
      option(from, 'cpus', '--cpus', (value) => positive(Number(value))),
      inLimits(from, 'cpus'),
      inBody(from, 'HostConfig.NanoCpus', (value) => positive(Number(value) / 1e9)),
      inBody(from, 'HostConfig', quotaOf('CpuQuota', 'CpuPeriod')),
      inConfig(from, 'linux.resources.cpu', quotaOf('quota', 'period')),
    ),
    pids: first(
      option(from, 'pidsLimit', '--pids-limit', (value) => positive(Number(value))),
      inLimits(from, 'pidsLimit'),
      inBody(from, 'HostConfig.PidsLimit', positive),
      inConfig(from, 'linux.resources.pids.limit', positive),
    ),
  };
}

function quotaOf(quota: string, period: string) {
  return (value: unknown) => {
    if (!isObject(value)) return undefined;
    const time = positive(value[quota]);
    return time && time / (positive(value[period]) ?? 100_000);
  };
}

/** What is mounted into it, but for what each engine mounts by itself. */
export function mountsOf(from: Sources): Told<PortableMount>[] {
  const { asked } = from;
  if (asked) {
    const all = [
      ...(wordList(asked.options.volume) ?? []).map((text) => ['--volume', volumeOf(text)] as const),
      ...(wordList(asked.options.mount) ?? []).map((text) => ['--mount', mountOf(text)] as const),
      ...asked.others
        .filter(({ flag }) => flag === '--tmpfs')
        .map(({ value }) => ['--tmpfs', tmpfsOf(String(value))] as const),
    ];
    return all.flatMap(([flag, mount]) => (mount ? [told(mount, flag, asked.event)] : []));
  }
  const binds = inBody(from, 'HostConfig.Binds', (value) => wordList(value)?.map(volumeOf));
  const mounts = inBody(from, 'HostConfig.Mounts', (value) =>
    Array.isArray(value) ? value.filter(isObject).map(apiMount) : undefined,
  );
  const said = [...flat(binds), ...flat(mounts)];
  return said.length > 0 ? said : flat(inConfig(from, 'mounts', configBinds));
}

function flat<T>(list: Told<readonly (T | undefined)[]> | undefined): Told<T>[] {
  return (list?.value ?? []).flatMap((value) => (value ? [{ value, from: list!.from }] : []));
}

function volumeOf(text: string): PortableMount | undefined {
  const [source = '', target, options = ''] = text.split(':');
  if (target === undefined)
    return source === '' ? undefined : { kind: 'volume', target: source, readOnly: false };
  const kind = source.startsWith('/') || source.startsWith('.') || source.startsWith('~') ? 'bind' : 'volume';
  return { kind, source, target, readOnly: options.split(',').includes('ro') };
}

function mountOf(text: string): PortableMount | undefined {
  const fields = new Map(
    text.split(',').map((part) => part.split(/=(.*)/, 2) as [string, string | undefined]),
  );
  const field = (...names: string[]) => names.map((name) => fields.get(name)).find((value) => value);
  const target = field('target', 'dst', 'destination');
  if (!target) return undefined;
  const kind = field('type') ?? 'volume';
  const readOnly = ['readonly', 'ro'].some(
    (name) => fields.has(name) && !/^(0|false)$/.test(fields.get(name) ?? ''),
  );
  const source = field('source', 'src');
  if (kind !== 'bind' && kind !== 'tmpfs' && kind !== 'volume') return undefined;
  return { kind, ...(source && kind !== 'tmpfs' ? { source } : {}), target, readOnly };
}

function tmpfsOf(text: string): PortableMount | undefined {
  const [target = ''] = text.split(':');
  return target === '' ? undefined : { kind: 'tmpfs', target, readOnly: false };
}

function apiMount(mount: Readonly<Record<string, unknown>>): PortableMount | undefined {
  const target = filled(mount.Target);
  const kind = mount.Type === 'bind' || mount.Type === 'tmpfs' ? mount.Type : 'volume';
  const source = filled(mount.Source);
  return target
    ? { kind, ...(source ? { source } : {}), target, readOnly: mount.ReadOnly === true }
    : undefined;
}

/** Binds in config.json that no engine makes for each container: docker’s three files, a pod’s log and token. */
const ENGINES_OWN =
  /^\/(etc\/(hosts|hostname|resolv\.conf)|dev(\/.*)?|proc(\/.*)?|sys(\/.*)?|run\/\.containerenv|(var\/)?run\/secrets(\/.*)?)$/;

function configBinds(value: unknown): PortableMount[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter(isObject).flatMap((one) => {
    const [source, target] = [filled(one.source), filled(one.destination)];
    const options = wordList(one.options) ?? [];
    const isBind = one.type === 'bind' || options.includes('bind') || options.includes('rbind');
    if (!isBind || !source || !target || ENGINES_OWN.test(target)) return [];
    return [{ kind: 'bind' as const, source, target, readOnly: options.includes('ro') }];
  });
}

/** The ports that were published. */
export function portsOf(from: Sources): Told<PortablePort>[] {
  const { asked } = from;
  if (asked) {
    const published = wordList(asked.options.publish) ?? [];
    return published.flatMap((text) => {
      const port = portOf(text);
      return port ? [told(port, '--publish', asked.event)] : [];
    });
  }
  return flat(inBody(from, 'HostConfig.PortBindings', bindingsOf));
}

/** `[ip:][outside:]inside[/protocol]`; undefined for a range. */
export function portOf(text: string): PortablePort | undefined {
  const match = /^(?:(\[[0-9a-f:]+\]|\d+\.[\d.]+):)?(?:(\d*):)?(\d+)(?:\/(\w+))?$/i.exec(text);
  if (!match) return undefined;
  const [, ip, host, inside, protocol = 'tcp'] = match;
  return {
    ...(ip ? { hostIp: ip } : {}),
    ...(host ? { host: Number(host) } : {}),
    inside: Number(inside),
    protocol: protocol.toLowerCase(),
  };
}

function bindingsOf(value: unknown): PortablePort[] | undefined {
  if (!isObject(value)) return undefined;
  return Object.entries(value).flatMap(([name, bindings]) => {
    const [inside = '', protocol = 'tcp'] = name.split('/');
    const all = Array.isArray(bindings) ? bindings.filter(isObject) : [];
    return all.map((one) => ({
      ...(filled(one.HostIp) ? { hostIp: String(one.HostIp) } : {}),
      ...(filled(one.HostPort) ? { host: Number(one.HostPort) } : {}),
      inside: Number(inside),
      protocol,
    }));
  });
}
