import { isObject, portOf } from './outside.ts';
import { onlyConfig } from './process.ts';
import { filled, first, inBody, inConfig, option, type Sources, told, wordList, yes } from './sources.ts';
import type { OtherFlag, Portable, Told } from './types.ts';

/** What docker, containerd and CRI-O leave a container of root’s powers unless told otherwise. */
export const DEFAULT_CAPABILITIES =
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  );

type Privileges = Pick<
  Portable,
  'capAdd' | 'capDrop' | 'privileged' | 'readOnly' | 'noNewPrivileges' | 'seccomp'
>;

/** What it may do, and what is kept from it. */
export function privilegesOf(from: Sources): Privileges {
  const plain = (value: unknown) => wordList(value)?.map((name) => name.toUpperCase().replace(/^CAP_/, ''));
  const bounding = onlyConfig(from) ? inConfig(from, 'process.capabilities.bounding', plain) : undefined;
  const less = (all: readonly string[], others: readonly string[]) => {
    const rest = all.filter((name) => !others.includes(name));
    return rest.length > 0 ? rest : undefined;
  };
  const change = (value: readonly string[] | undefined): Told<readonly string[]> | undefined =>
    bounding && value && { ...bounding, value };
  return {
    capAdd: first(
      option(from, 'capAdd', '--cap-add', plain),
      inBody(from, 'HostConfig.CapAdd', plain),
      change(bounding && less(bounding.value, DEFAULT_CAPABILITIES)),
    ),
    capDrop: first(
      option(from, 'capDrop', '--cap-drop', plain),
      inBody(from, 'HostConfig.CapDrop', plain),
      change(bounding && less(DEFAULT_CAPABILITIES, bounding.value)),
    ),
    privileged: first(
      flagOf(from, '--privileged', () => true as const),
      inBody(from, 'HostConfig.Privileged', yes),
    ),
    readOnly: first(
      option(from, 'readOnly', '--read-only', yes),
      inBody(from, 'HostConfig.ReadonlyRootfs', yes),
      onlyConfig(from) && inConfig(from, 'root.readonly', yes),
    ),
    noNewPrivileges: inConfig(from, 'process.noNewPrivileges', yes),
    seccomp: inConfig(from, 'linux.seccomp', (value) => (isObject(value) ? true : undefined)),
  };
}

function flagOf<T>(
  { asked }: Sources,
  flag: string,
  read: (value: string | true) => T | undefined,
): Told<T> | undefined {
  const found = asked?.others.find((one) => one.flag === flag);
  const value = found && read(found.value);
  return asked && value !== undefined ? told(value, flag, asked.event) : undefined;
}

/** Which network it is in; undefined where that is the platform’s own choice. */
export function networkOf(from: Sources): Told<string> | undefined {
  const own = (value: unknown) => (value === 'default' ? undefined : filled(value));
  const said = first(
    option(from, 'network', '--network', own),
    // Bridge is what docker takes for who says nothing.
    inBody(from, 'HostConfig.NetworkMode', (value) => (value === 'bridge' ? undefined : own(value))),
  );
  if (said || saysNetworks(from)) return said;
  return inConfig(from, 'linux.namespaces', (value) => {
    const all = Array.isArray(value) ? value.filter(isObject) : [];
    const network = all.find(({ type }) => type === 'network');
    if (!network) return 'host';
    // One that is joined was set up by somebody else; a new one has nothing but loopback.
    return filled(network.path) ? undefined : 'none';
  });
}

/** Where an engine with networks of its own was asked, config.json says nothing of them. */
function saysNetworks({ seen, asked, header }: Sources): boolean {
  if (asked?.event.step === 'client/run') return ['docker', 'compose', 'cri'].includes(header.via);
  return asked !== undefined || seen.bodies.length > 0;
}

/** Flags that have a place of their own in a description. */
const PLACED = new Set(
  `--privileged --tmpfs --name --label -l --cidfile --pull --log-driver --log-opt -a --attach --detach-keys
  --via --engine --socket --record --state`.split(/\s+/),
);

/** What else was asked for, by docker’s own names. */
export function othersOf(from: Sources): Told<OtherFlag>[] {
  const { asked } = from;
  if (asked) {
    const flags = asked.others.filter(({ flag }) => !PLACED.has(flag));
    const runtime = filled(asked.options.runtime);
    const isDockers = asked.event.step !== 'client/run' || from.header.via === 'docker';
    const odd = (wordList(asked.options.publish) ?? []).filter((text) => !portOf(text));
    return [
      ...(runtime && isDockers ? [{ flag: '--runtime', value: runtime }] : []),
      ...odd.map((value) => ({ flag: '--publish', value })),
      ...flags,
    ].map((flag) => told(flag, flag.flag, asked.event));
  }
  const read = ([flag, path, usual]: (typeof IN_BODY)[number]) =>
    inBody(from, `HostConfig.${path}`, (value, body) => {
      const list = wordList(value) ?? (typeof value === 'number' && value > 0 ? [String(value)] : undefined);
      const kept = list?.filter((one) => !usual.test(one) && !isTwice(path, one, body));
      return kept && kept.length > 0 ? kept.map((one) => ({ flag, value: one })) : undefined;
    });
  return IN_BODY.flatMap((entry) => {
    const found = read(entry);
    return (found?.value ?? []).map((value) => ({ value, from: found!.from }));
  });
}

const IN_BODY: readonly (readonly [flag: string, path: string, usual: RegExp])[] = [
  ['--restart', 'RestartPolicy.Name', /^no$/],
  ['--runtime', 'Runtime', /^(runc|io\.containerd\.runc\.v2)$/],
  ['--security-opt', 'SecurityOpt', /^$/],
  ['--pid', 'PidMode', /^$/],
  ['--ipc', 'IpcMode', /^(private|shareable)?$/],
  ['--userns', 'UsernsMode', /^$/],
  ['--cpu-shares', 'CpuShares', /^0$/],
  ['--memory-reservation', 'MemoryReservation', /^0$/],
  ['--memory-swap', 'MemorySwap', /^0$/],
];

/** Twice the memory is docker’s own choice for memory and swap together. */
function isTwice(path: string, value: string, body: Readonly<Record<string, unknown>>): boolean {
  const host = isObject(body.HostConfig) ? body.HostConfig : {};
  return path === 'MemorySwap' && Number(value) === 2 * Number(host.Memory);
}
