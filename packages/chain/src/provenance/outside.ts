import { baseName, text, words } from '../fields.ts';
import { actLink, actsOf, apiLinks, effective, readBack } from './api.ts';
import { askedStep } from './identity.ts';
import type { Act, Seen } from './seen.ts';
import { type DraftLine, type DraftLink, gap, link, none, type ProvenanceGap } from './types.ts';
import { at, list } from './values.ts';
import { noAct, noField, noReading } from './why.ts';

type Step = DraftLink | ProvenanceGap;
type Data = Readonly<Record<string, unknown>>;

/** A line for each variable that was asked for, by its name: values may be secrets. */
export function envLines(seen: Seen): DraftLine[] {
  const names = words(seen.asked?.options ?? {}, 'env').map(nameOf);
  return [...new Set(names)].map((name) => ({
    title: `--env ${name}`,
    from: 'flag' as const,
    steps: [
      askedStep(seen, '--env', name, (what) => ({ what, value: name, holds: { name } }), ''),
      ...apiLinks(seen, ['Config.Env'], (_value, body) => {
        const all = [...list(body, 'Config.Env'), ...list(body, 'Env')];
        return all.map(nameOf).includes(name) && { value: name, holds: { name } };
      }),
      configName(seen, name),
      gap(
        'kernel',
        'execve hands the environment over, and underdock does not read it: values may be secrets',
        seen.program?.seq,
      ),
      gap('now', `/proc/${seen.init ?? 'PID'}/environ is not read, for the same reason`),
    ],
  }));
}

function configName(seen: Seen, name: string): Step {
  const names = seen.config && list(seen.config.config, 'process.env').map(nameOf);
  if (!names?.includes(name)) return noField(seen, /^env/, `process.env has no ${name}`);
  return link('config', seen.config!.event, { what: 'process.env', value: name, holds: { name } });
}

function nameOf(entry: string): string {
  return entry.split('=')[0]!;
}

/** A line for each published port: the one flag that never reaches config.json. */
export function portLines(seen: Seen): DraftLine[] {
  return words(seen.asked?.options ?? {}, 'publish').map((text) => {
    const port = portOf(text);
    const inside = `${port.inside}/${port.protocol}`;
    return {
      title: `--publish ${text}`,
      from: 'flag' as const,
      steps: [
        askedStep(
          seen,
          '--publish',
          text,
          (what) => ({ what, value: text, holds: holdsOf(port.outside) }),
          '',
        ),
        ...apiLinks(seen, ['HostConfig.PortBindings'], (value) => {
          const bindings = (value as Record<string, unknown>)[inside];
          const first = Array.isArray(bindings) ? (bindings[0] as Data | undefined) : undefined;
          if (!first) return undefined;
          const outside = String(first.HostPort ?? '');
          return { value: `${inside} at ${first.HostIp || '0.0.0.0'}:${outside}`, holds: holdsOf(outside) };
        }),
        none('config', 'config.json knows no ports: the engine publishes them outside of the container'),
        publisher(seen, port.inside),
        gap('now', 'the host’s open ports and firewall rules are not read back'),
      ],
    };
  });
}

function holdsOf(port: string | undefined): Record<string, string> {
  return port ? { port } : {};
}

/** `[ip:][outside:]inside[/protocol]` */
function portOf(said: string): { outside?: string; inside: string; protocol: string } {
  const [ports = '', protocol = 'tcp'] = said.split('/');
  const parts = ports.split(':');
  return { inside: parts.at(-1)!, outside: parts.at(-2), protocol };
}

/** The engine starts a program that forwards the port, or writes a firewall rule. */
function publisher(seen: Seen, inside: string): Step {
  const found = seen.programs.find((event) => {
    const argv = words(event.data, 'argv');
    if (/^docker-proxy|rootlessport$/.test(baseName(argv[0] ?? ''))) return argv.includes(inside);
    return /^ip6?tables/.test(baseName(argv[0] ?? '')) && argv.some((word) => word.endsWith(`:${inside}`));
  });
  if (!found) return gap('kernel', 'the engine publishes it itself, and no program of it was seen for that');
  const argv = words(found.data, 'argv');
  return link('kernel', found, { what: 'execve', value: `${baseName(argv[0]!)} ${argv.slice(1).join(' ')}` });
}

/** Which network namespace the process lives in. */
export function networkLine(seen: Seen): DraftLine[] {
  const asked = seen.asked && text(seen.asked.options, 'network');
  const namespaces = seen.config && at(seen.config.config, 'linux.namespaces');
  const entry = Array.isArray(namespaces)
    ? (namespaces as Data[]).find(({ type }) => type === 'network')
    : undefined;
  const act = networkAct(seen);
  return [
    {
      title: '--network',
      from: asked === undefined ? 'default' : 'flag',
      steps: [
        askedStep(
          seen,
          '--network',
          asked,
          (what, value) => ({ what, value, holds: { net: netOf(value) } }),
          'one of its own',
        ),
        ...apiLinks(seen, ['HostConfig.NetworkMode'], (value) => ({
          value: String(value),
          holds: { net: netOf(String(value)) },
        })),
        Array.isArray(namespaces)
          ? link('config', seen.config!.event, { what: 'linux.namespaces', ...entryOf(entry) })
          : noField(seen, /network/, 'no such field: the host’s network'),
        act ??
          (Array.isArray(namespaces) && !entry
            ? none('kernel', 'no namespace is asked for: the process stays in the host’s')
            : noAct(seen, 'a call for a network namespace')),
        networkNow(seen, entry),
      ],
    },
  ];
}

type Net = 'own' | 'host' | 'joined';

function netOf(mode: string): Net {
  if (mode === 'host') return 'host';
  return mode.startsWith('container:') || mode.startsWith('ns:') ? 'joined' : 'own';
}

function entryOf(entry: Data | undefined) {
  if (!entry) return { value: 'no entry of type network', words: 'the host’s', holds: { net: 'host' } };
  const path = text(entry, 'path');
  if (path)
    return { value: `network, ${path}`, words: 'one that is there already', holds: { net: 'joined' } };
  return { value: 'network', words: 'its own', holds: { net: 'own' } };
}

function networkAct(seen: Seen): DraftLink | undefined {
  const asks = ({ data }: Act) => words(data, 'namespaces').includes('net');
  const made = effective(actsOf(seen, 'kernel/unshare', 'kernel/clone'), asks);
  const joined = effective(
    actsOf(seen, 'kernel/setns'),
    (act) => asks(act) && act.event.actor.pid === seen.init,
  );
  const act = made ?? joined;
  if (!act) return undefined;
  const flags = words(act.data, 'flags').map((flag) => flag.replace(/^CLONE_/, ''));
  return actLink(act, {
    what: text(act.data, 'syscall') ?? 'unshare',
    value: flags.join('|'),
    words: made ? 'its own' : 'one that is there already',
    holds: { net: made ? 'own' : 'joined' },
  });
}

function networkNow(seen: Seen, entry: Data | undefined): Step {
  const fact = readBack(seen, 'kernel/has-namespace', ({ kind }) => kind === 'net');
  if (!fact) return noReading(seen, `/proc/${seen.init ?? 'PID'}/ns/net`);
  const own = fact.data.own === true;
  const host = text(fact.data, 'hostInode');
  return link('now', fact, {
    what: `/proc/${seen.init ?? 'PID'}/ns/net`,
    value: text(fact.data, 'inode') ?? '',
    words: own ? 'not the host’s' : 'the host’s',
    note: own && host ? `the host has ${host}` : undefined,
    // Whose it is beside the host’s can’t be told from an inode alone.
    holds: own && text(entry ?? {}, 'path') ? {} : { net: own ? 'own' : 'host' },
  });
}
