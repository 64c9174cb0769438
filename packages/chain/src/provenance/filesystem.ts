import { text, words } from '../fields.ts';
import { actLink, actsOf, apiLinks, effective, readBack } from './api.ts';
import { askedStep } from './identity.ts';
import { type AskedMount, askedMounts } from './mountFlags.ts';
import type { Act, Seen } from './seen.ts';
import { type DraftLine, type DraftLink, link, none, type ProvenanceGap, type Saying } from './types.ts';
import { at, list } from './values.ts';
import { noAct, noField, noReading } from './why.ts';

type Step = DraftLink | ProvenanceGap;
type Data = Readonly<Record<string, unknown>>;

const mode = (readOnly: boolean) => (readOnly ? 'read-only' : 'writable');

/** Whether the root filesystem can be written. */
export function readOnlyLine(seen: Seen): DraftLine[] {
  const asked = seen.asked?.options.readOnly === true;
  const said = (what: string, readOnly: boolean): Saying => ({
    what,
    value: String(readOnly),
    words: mode(readOnly),
    holds: { mode: mode(readOnly) },
  });
  const written = seen.config && at(seen.config.config, 'root.readonly');
  const readOnly = written === true;
  const act = remountOf(seen);
  return [
    {
      title: '--read-only',
      from: asked ? 'flag' : 'default',
      steps: [
        askedStep(seen, '--read-only', asked ? 'true' : undefined, (what) => said(what, true), 'writable'),
        ...apiLinks(seen, ['HostConfig.ReadonlyRootfs'], (value) => said('', value === true)),
        seen.config && typeof written === 'boolean'
          ? link('config', seen.config.event, said('root.readonly', readOnly))
          : noField(seen, /^read-only/, 'no such field: writable'),
        rootAct(seen, act, readOnly),
        rootNow(seen, act),
      ],
    },
  ];
}

function rootAct(seen: Seen, act: Act | undefined, readOnly: boolean): Step {
  if (act) return mountLink(act, { mode: 'read-only' });
  if (seen.config && !readOnly) return none('kernel', 'a mount is writable unless it is made read-only');
  return noAct(seen, 'a mount call that makes the root read-only');
}

function rootNow(seen: Seen, act: Act | undefined): Step {
  const fact = readBack(seen, 'kernel/has-mount', ({ mountPoint }) => mountPoint === '/', act);
  return fact ? mountinfo(seen, fact, {}) : noReading(seen, 'the root in mountinfo');
}

/** `MS_REMOUNT|MS_RDONLY` or the newer mount_setattr, on the new root. */
function remountOf(seen: Seen): Act | undefined {
  const root = rootfs(seen);
  return effective(actsOf(seen, 'kernel/mount'), (act) => {
    const place = placeOf(act);
    if (place !== '/' && place !== root) return false;
    const flags = words(act.data, 'flags');
    return (flags.includes('MS_RDONLY') && flags.includes('MS_REMOUNT')) || setsReadOnly(act);
  });
}

/** A line for each mount that was asked for. */
export function mountLines(seen: Seen): DraftLine[] {
  const mounts = askedMounts(seen);
  return mounts.map((mount) => ({
    title: `${mount.flag} ${mount.target}`,
    from: 'flag' as const,
    steps: mountSteps(seen, mount),
  }));
}

function mountSteps(seen: Seen, mount: AskedMount): Step[] {
  const act = mountAct(seen, mount.target);
  const fact = readBack(seen, 'kernel/has-mount', ({ mountPoint }) => mountPoint === mount.target, act);
  return [
    link('flag', mount.event, {
      what: mount.flag,
      value: mount.text,
      words: mode(mount.readOnly),
      holds: holdsOf(mount.source, mount.readOnly),
    }),
    ...requestSteps(seen, mount.target),
    configStep(seen, mount.target),
    act
      ? mountLink(act, { ...(made(seen, mount.target) ?? {}) })
      : noAct(seen, `a mount call for ${mount.target}`),
    fact ? mountinfo(seen, fact, sourceHolds(seen, mount.target, fact.data)) : noReading(seen, mount.target),
  ];
}

function requestSteps(seen: Seen, target: string): Step[] {
  return apiLinks(seen, ['HostConfig.Binds', 'HostConfig.Mounts'], (_value, body) => {
    const bind = list(body, 'HostConfig.Binds').find((one) => one.split(':')[1] === target);
    if (bind !== undefined) {
      const [source = '', , options = ''] = bind.split(':');
      const readOnly = options.split(',').includes('ro');
      const holds = holdsOf(source, readOnly);
      return { what: 'HostConfig.Binds', value: bind, words: mode(readOnly), holds };
    }
    const mounts = at(body, 'HostConfig.Mounts');
    const found = Array.isArray(mounts) && (mounts as Data[]).find((one) => one.Target === target);
    if (!found) return undefined;
    const readOnly = found.ReadOnly === true;
    const source = text(found, 'Source') ?? '';
    const holds = holdsOf(source, readOnly);
    return { what: 'HostConfig.Mounts', value: `${source}:${target}`, words: mode(readOnly), holds };
  });
}

function configStep(seen: Seen, target: string): Step {
  const found = configMount(seen, target);
  if (!found) return noField(seen, /mount/, `mounts has none for ${target}`);
  const readOnly = words(found, 'options').includes('ro');
  const source = text(found, 'source') ?? '';
  return link('config', seen.config!.event, {
    what: 'mounts',
    value: `${source} on ${target}, ${words(found, 'options').join(',')}`,
    words: mode(readOnly),
    holds: holdsOf(source, readOnly),
  });
}

function configMount(seen: Seen, target: string): Data | undefined {
  const mounts = seen.config && at(seen.config.config, 'mounts');
  return Array.isArray(mounts) ? (mounts as Data[]).find((one) => one.destination === target) : undefined;
}

/** A named volume or a tmpfs has no path that could be compared. */
function holdsOf(source: string | undefined, readOnly: boolean) {
  return { mode: mode(readOnly), ...(source?.startsWith('/') ? { source } : {}) };
}

/** The first call makes the mount; a later one may make it read-only. */
function mountAct(seen: Seen, target: string): Act | undefined {
  const all = actsOf(seen, 'kernel/mount').filter((act) => isPlace(seen, act, target));
  return (
    all.find(({ data, error }) => error === undefined && !words(data, 'flags').includes('MS_REMOUNT')) ??
    all[0]
  );
}

function made(seen: Seen, target: string): { mode: string } | undefined {
  const all = actsOf(seen, 'kernel/mount').filter((act) => isPlace(seen, act, target) && !act.error);
  const remounted = all.some((act) => {
    const flags = words(act.data, 'flags');
    // A bind mount takes no other flags: only a remount makes it read-only (mount(2)).
    return (
      setsReadOnly(act) ||
      (flags.includes('MS_RDONLY') && (flags.includes('MS_REMOUNT') || !flags.includes('MS_BIND')))
    );
  });
  return { mode: mode(remounted) };
}

function isPlace(seen: Seen, act: Act, target: string): boolean {
  const place = placeOf(act);
  const root = rootfs(seen);
  if (root !== undefined && place === `${root}${target}`) return true;
  return place === target || place.endsWith(`/rootfs${target}`) || place.endsWith(`/merged${target}`);
}

function setsReadOnly({ data }: Act): boolean {
  return [...words(data, 'set'), ...words(data, 'attributes')].some((one) => /RDONLY/.test(one));
}

function placeOf({ data }: Act): string {
  return text(data, 'targetPath') ?? text(data, 'target') ?? '';
}

function rootfs(seen: Seen): string | undefined {
  const path = seen.config && at(seen.config.config, 'root.path');
  return typeof path === 'string' ? path.replace(/\/$/, '') : undefined;
}

function mountLink(act: Act, holds: Record<string, string>): DraftLink {
  const { data } = act;
  const flags = words(data, 'flags').map((flag) => flag.replace(/^MS_/, ''));
  const source = text(data, 'source');
  const on = `${source && source !== 'none' ? `${source} on ` : ''}${placeOf(act)}`;
  return actLink(act, {
    what: text(data, 'syscall') ?? 'mount',
    value: [on, flags.join('|')].filter(Boolean).join(', '),
    words: holds.mode,
    holds,
  });
}

function mountinfo(seen: Seen, fact: Act['event'], holds: Record<string, string>): DraftLink {
  const readOnly = fact.data.readOnly === true;
  const root = text(fact.data, 'root');
  const from = [text(fact.data, 'source'), root === '/' ? undefined : root].filter(Boolean).join(' ');
  return link('now', fact, {
    what: `/proc/${seen.init ?? 'PID'}/mountinfo`,
    value: `${from} on ${text(fact.data, 'mountPoint')}, ${words(fact.data, 'options').join(',')}`,
    words: mode(readOnly),
    holds: { ...holds, mode: mode(readOnly) },
  });
}

/** mountinfo names the path within its filesystem, which is the end of the host's path. */
function sourceHolds(seen: Seen, target: string, data: Data): Record<string, string> {
  const source = text(configMount(seen, target) ?? {}, 'source') ?? '';
  const root = text(data, 'root') ?? '';
  return root !== '/' && source.endsWith(root) ? { source } : {};
}
