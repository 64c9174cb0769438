import { number, text, words } from '../fields.ts';
import { actLink, actsOf, apiLinks, effective, readBack } from './api.ts';
import type { Act, Seen } from './seen.ts';
import {
  type DraftLine,
  type DraftLink,
  gap,
  type Holds,
  link,
  none,
  type ProvenanceGap,
  type Saying,
} from './types.ts';
import { at, idOf, list } from './values.ts';
import { noAct, noField, noReading } from './why.ts';

type Step = DraftLink | ProvenanceGap;

/** The host name: the one flag whose value no file of /proc shows to somebody outside. */
export function hostnameLine(seen: Seen): DraftLine[] {
  const said = (what: string, value: string): Saying => ({ what, value, holds: { hostname: value } });
  const asked = seen.asked && text(seen.asked.options, 'hostname');
  const written = seen.config && at(seen.config.config, 'hostname');
  const act = effective(actsOf(seen, 'kernel/sethostname'), () => true);
  return [
    {
      title: '--hostname',
      from: asked === undefined ? 'default' : 'flag',
      steps: [
        askedStep(seen, '--hostname', asked, said, 'the engine gives it one'),
        ...apiLinks(
          seen,
          ['Config.Hostname', 'config.hostname', 'spec.hostname'],
          (value) => value !== '' && said('', String(value)),
        ),
        typeof written === 'string'
          ? link('config', seen.config!.event, said('hostname', written))
          : noField(seen, /^host ?name/, 'no such field: the name stays the host’s'),
        act
          ? actLink(act, said('sethostname', text(act.data, 'hostname') ?? ''))
          : noAct(seen, 'sethostname'),
        utsStep(seen),
      ],
    },
  ];
}

function utsStep(seen: Seen): Step {
  const fact = readBack(seen, 'kernel/has-namespace', ({ kind }) => kind === 'uts');
  if (!fact) return noReading(seen, 'the uts namespace');
  const own = fact.data.own === true;
  return link('now', fact, {
    what: 'uts namespace',
    value: `${text(fact.data, 'inode')}, ${own ? 'its own' : 'the host’s'}`,
    note: own
      ? `only inside of it can the name be read: nsenter --target ${seen.init ?? 'PID'} --uts hostname`
      : undefined,
  });
}

/** The user: by name or number as typed, by number from config.json on. */
export function userLine(seen: Seen): DraftLine[] {
  const asked = seen.asked && text(seen.asked.options, 'user');
  const byImage = seen.config?.origins.some(
    ({ field, from }) => field === 'process.user' && from === 'image',
  );
  const user = seen.config && at(seen.config.config, 'process.user');
  const ids = typeof user === 'object' && user !== null ? (user as Record<string, unknown>) : undefined;
  const uid = ids && number(ids, 'uid');
  const act = setuidOf(seen, uid);
  const otherwise = byImage === true ? 'the image says who it is' : 'the image’s user, or root';
  return [
    {
      title: '--user',
      from: asked !== undefined ? 'flag' : byImage === true ? 'image' : 'default',
      steps: [
        askedStep(seen, '--user', asked, askedUser, otherwise),
        ...apiLinks(seen, ['Config.User'], (value) => value !== '' && askedUser('', String(value))),
        uid === undefined
          ? noField(seen, /^user/, 'no such field: root')
          : link('config', seen.config!.event, {
              what: 'process.user',
              value: `uid ${uid}, gid ${text(ids!, 'gid') ?? 0}`,
              holds: { uid },
            }),
        act
          ? actLink(act, {
              what: text(act.data, 'syscall') ?? 'setuid',
              value: text(act.data, 'uid') ?? '',
              holds: idHolds(number(act.data, 'uid')),
            })
          : noAct(seen, 'setuid'),
        ownerStep(seen, act),
      ],
    },
  ];
}

function askedUser(what: string, value: string): Saying {
  const uid = /^(\d+)(:|$)/.exec(value)?.[1];
  return { what, value, holds: { user: value, ...idHolds(uid === undefined ? undefined : Number(uid)) } };
}

function idHolds(uid: number | undefined): Holds {
  return uid === undefined ? {} : { uid };
}

/** A runtime becomes root in its namespaces first; the user that config.json names comes last. */
function setuidOf(seen: Seen, uid: number | undefined): Act | undefined {
  const own = actsOf(seen, 'kernel/setuid').filter(
    ({ event }) => seen.init === undefined || event.actor.pid === seen.init,
  );
  const wanted = effective(own, ({ data, error }) => number(data, 'uid') === uid && error === undefined);
  return wanted ?? effective(own, () => true);
}

function ownerStep(seen: Seen, act: Act | undefined): Step {
  const isUser = ({ kind }: Readonly<Record<string, unknown>>) => kind === 'user';
  const fact = readBack(seen, 'kernel/has-restriction', isUser, act);
  if (!fact) {
    const older = readBack(seen, 'kernel/has-restriction', isUser);
    return noReading(seen, `Uid in /proc/${seen.init ?? 'PID'}/status`, older);
  }
  const uid = idOf(fact.data, 'uid');
  const mapped = readBack(seen, 'kernel/has-namespace', ({ kind, own }) => kind === 'user' && own === true);
  return link('now', fact, {
    what: `/proc/${seen.init ?? 'PID'}/status: Uid, Gid`,
    value: `uid ${uid ?? '?'}, gid ${idOf(fact.data, 'gid') ?? '?'}`,
    note: mapped ? 'as the host counts: the user namespace has a mapping of its own' : undefined,
    holds: mapped ? {} : idHolds(uid),
  });
}

/** Capabilities: what is added and dropped as typed, what is left from config.json on. */
export function capabilitiesLine(seen: Seen): DraftLine[] {
  const options = seen.asked?.options ?? {};
  const add = words(options, 'capAdd');
  const drop = words(options, 'capDrop');
  const given = add.length + drop.length > 0;
  const act = effective(actsOf(seen, 'kernel/capset'), ({ event }) => isInit(seen, event.actor.pid));
  const config = seen.config?.config;
  return [
    {
      title: '--cap-add, --cap-drop',
      from: given ? 'flag' : 'default',
      steps: [
        askedStep(
          seen,
          given
            ? [add.length > 0 && '--cap-add', drop.length > 0 && '--cap-drop'].filter(Boolean).join(', ')
            : '--cap-add, --cap-drop',
          given ? changeWords(add, drop) : undefined,
          (what, value) => ({ what, value, holds: { change: value } }),
          'the engine’s usual set',
        ),
        ...capabilityRequest(seen),
        config && at(config, 'process.capabilities')
          ? link('config', seen.config!.event, {
              what: 'process.capabilities.effective',
              ...configSet(config),
            })
          : noField(seen, /^capabilit/, 'no such field: all that the runtime has'),
        act ? capsetStep(seen, act) : noAct(seen, 'capset'),
        keptStep(seen, act),
      ],
    },
  ];
}

function configSet(config: Readonly<Record<string, unknown>>): Omit<Saying, 'what'> {
  const effective = setOf(list(config, 'process.capabilities.effective'));
  const bounding = setOf(list(config, 'process.capabilities.bounding'));
  if (bounding.note === effective.note) return effective;
  return { ...effective, note: `bounding: ${bounding.note ?? 'none'}` };
}

/**
 * A tool without capset’s full choice (setpriv) keeps its own capabilities to the last and takes them out of the bounding
 * set: the execve that follows leaves what is in there (capabilities(7)).
 */
function capsetStep(seen: Seen, act: Act): Step {
  const said = { what: 'capset', ...setOf(words(act.data, 'effective')) };
  const wanted = setOf(list(seen.config?.config, 'process.capabilities.effective'));
  const dropped = actsOf(seen, 'kernel/drop-bounding').filter(({ error }) => error === undefined);
  if (!seen.config || said.note === wanted.note || dropped.length === 0) return actLink(act, said);
  return actLink(dropped.at(-1)!, {
    what: 'prctl CAPBSET_DROP',
    value: `${dropped.length} taken out of the bounding set`,
    note: 'the execve that follows leaves no more than the bounding set has, and nothing to a user who is not root',
  });
}

function isInit(seen: Seen, pid: number | undefined): boolean {
  return seen.init === undefined || pid === seen.init;
}

function capabilityRequest(seen: Seen): Step[] {
  return apiLinks(seen, ['HostConfig.CapAdd', 'HostConfig.CapDrop'], (_value, body) => {
    const change = changeWords(list(body, 'HostConfig.CapAdd'), list(body, 'HostConfig.CapDrop'));
    return change !== '' && { what: 'HostConfig.CapAdd, CapDrop', value: change, holds: { change } };
  });
}

function keptStep(seen: Seen, act: Act | undefined): Step {
  const isSet = ({ kind }: Readonly<Record<string, unknown>>) => kind === 'capabilities';
  const fact = readBack(seen, 'kernel/has-restriction', isSet, act);
  if (!fact) {
    const older = readBack(seen, 'kernel/has-restriction', isSet);
    return noReading(seen, `CapEff in /proc/${seen.init ?? 'PID'}/status`, older);
  }
  const never = words(fact.data, 'dropped').length;
  const { note, ...set } = setOf(words(fact.data, 'value'));
  const lost = never > 0 ? `${never} can never be had again` : undefined;
  return link('now', fact, {
    what: `/proc/${seen.init ?? 'PID'}/status: CapEff`,
    ...set,
    note: [note, lost].filter(Boolean).join('; ') || undefined,
  });
}

function changeWords(add: readonly string[], drop: readonly string[]): string {
  const plain = (names: readonly string[], sign: string) =>
    names.map((name) => `${sign}${name.toUpperCase().replace(/^CAP_/, '')}`).sort();
  return [...plain(add, '+'), ...plain(drop, '-')].join(' ');
}

function setOf(names: readonly string[]): Omit<Saying, 'what'> {
  const plain = names.map((name) => name.replace(/^CAP_/, ''));
  const value = plain.length === 0 ? 'none' : `${plain.length} of them`;
  return { value, note: plain.join(', ') || undefined, holds: { set: [...plain].sort().join(' ') } };
}

/** What was typed, or that it was not, and what holds then. */
export function askedStep(
  seen: Seen,
  what: string,
  value: string | undefined,
  said: (what: string, value: string) => Saying,
  otherwise: string,
): Step {
  if (!seen.asked) return gap('flag', 'the command was not seen');
  if (value === undefined) return none('flag', `${what} was not given: ${otherwise}`);
  return link('flag', seen.asked.event, said(what, value));
}
