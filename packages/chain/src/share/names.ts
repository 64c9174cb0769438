import type { TraceEvent, TraceHeader } from '@underdock/trace';
import { isTellingServer } from './addresses.ts';
import { visitPlaces } from './places.ts';

/** Accounts that thousands of machines have: they tell nothing of a person. */
const PLAIN_USERS = new Set(
  (
    'root nobody daemon bin sys sync games man lp mail news uucp proxy backup list irc admin administrator user users app ' +
    'node ubuntu debian centos fedora alpine arch vagrant runner runneradmin core ec2-user azureuser opc pi docker podman ' +
    'containerd www-data nginx apache redis postgres mysql git linuxbrew jovyan vscode codespace gitpod coder student ' +
    'teacher learner lab guest test demo default nonroot nogroup underdock linuxuser'
  ).split(' '),
);
const PLAIN_HOSTS = new Set('localhost debian ubuntu fedora alpine host docker container box'.split(' '));
const STAND_IN = /^(user|host|person|image|hidden|server)\d+(\.example)?$/i;

/** Names that identify somebody or some place, as far as a trace and whoever exports it know. */
export interface Names {
  users: Set<string>;
  /** Home folders that don’t lie where most do. */
  homes: Set<string>;
  hosts: Set<string>;
  servers: Set<string>;
  /** Repositories of images, without server, tag and digest. */
  images: Set<string>;
  variables: Set<string>;
  /** Names of programs in the trace: a user who is called so is replaced in paths alone. */
  programs: Set<string>;
}

/** Looks for names in all that a trace says; `users` and `hosts` are known from elsewhere (this machine’s own). */
export function namesIn(
  header: TraceHeader,
  events: readonly TraceEvent[],
  known: { users?: readonly string[]; hosts?: readonly string[] },
): Names {
  const names: Names = {
    ...{ users: new Set(), homes: new Set(), hosts: new Set(), servers: new Set() },
    ...{ images: new Set(), variables: new Set(), programs: new Set() },
  };
  for (const user of known.users ?? []) addUser(names, user);
  for (const host of known.hosts ?? []) addHost(names, host);
  for (const one of header.redacted) addVariable(names, /^env (\S+)$/.exec(one)?.[1]);
  const seen = new Set<string>();
  visitPlaces(header, events, {
    object: (object) => fromObject(names, object),
    text: (text, key) => {
      fromField(names, key, text);
      if (seen.has(text)) return;
      seen.add(text);
      fromText(names, text);
    },
  });
  for (const { actor } of events) names.programs.add(actor.name.toLowerCase());
  return names;
}

function addUser(names: Names, user: string | undefined): void {
  if (!user || !/^[A-Za-z_][\w.-]{0,63}$/.test(user) || STAND_IN.test(user)) return;
  if (!PLAIN_USERS.has(user.toLowerCase())) names.users.add(user);
}

function addHost(names: Names, host: string | undefined): void {
  const [short = ''] = (host ?? '').split('.');
  for (const name of new Set([host ?? '', short])) {
    const isPlain =
      PLAIN_HOSTS.has(name.toLowerCase()) || STAND_IN.test(name) || /^[0-9a-f]{12,64}$/.test(name);
    if (name.length > 2 && !isPlain && /^[\w.-]+$/.test(name)) names.hosts.add(name);
  }
}

function addVariable(names: Names, name: string | undefined): void {
  if (name && !/^(PATH|HOME|TERM|HOSTNAME|LANG|USER|PWD|SHELL|VARIABLE_\d+)$/.test(name))
    names.variables.add(name);
}

/** A text without any of these names nobody. */
const TELLING_TEXT = /\/(home|Users)\/|:\/\/|^(USER|LOGNAME|USERNAME|SUDO_USER|HOME)=/;

function fromText(names: Names, text: string): void {
  if (!TELLING_TEXT.test(text)) return;
  for (const [, user] of text.matchAll(/(?<![\w.-])\/(?:home|Users)\/([A-Za-z_][\w.-]{0,63})/g))
    addUser(names, user);
  const [, key, value = ''] = /^(USER|LOGNAME|USERNAME|SUDO_USER|HOME)=(.+)$/.exec(text) ?? [];
  if (key === 'HOME') addHome(names, value);
  else if (key) addUser(names, value);
  for (const [, host = ''] of text.matchAll(
    /\b[a-z][a-z0-9+.-]{1,20}:\/\/(?:[^\s/@]{0,200}@)?([A-Za-z0-9.-]{1,253})/g,
  ))
    if (isTellingServer(host)) names.servers.add(host);
}

function addHome(names: Names, home: string): void {
  const [, user] = /^\/[\w.-]+(?:\/[\w.-]+)*\/([\w.-]+)\/?$/.exec(home) ?? [];
  if (!user || /^\/(home|Users|root|var|usr|proc|nonexistent)\//.test(home)) return;
  names.homes.add(home.replace(/\/$/, ''));
}

const TELLING_FIELD = /^(image|reference|imageref|registry|repository|envs?|environment|argv)$/i;
const REFERENCE =
  /^(?:([a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?|[a-z0-9-]+:\d+)\/)?([a-z0-9]+(?:[._/-][a-z0-9_]+)*)(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?$/i;

function fromField(names: Names, key: string, text: string): void {
  if (!TELLING_FIELD.test(key)) return;
  if (/^(image|reference|imageref|registry|repository)$/i.test(key)) fromReference(names, text, key);
  if (/^envs?(ironment)?$/i.test(key)) addVariable(names, /^([A-Za-z_]\w*)=/.exec(text)?.[1]);
  if (key === 'argv') names.programs.add(text.split('/').at(-1)!.toLowerCase());
}

function fromReference(names: Names, text: string, key: string): void {
  if (/^registry$/i.test(key)) {
    const host = text.replace(/^.*:\/\//, '').replace(/[:/].*$/, '');
    if (isTellingServer(host)) names.servers.add(host);
    return;
  }
  const [, server = '', repository] = REFERENCE.exec(text) ?? [];
  const host = server.replace(/:\d+$/, '');
  if (host !== '' && isTellingServer(host)) names.servers.add(host);
  if (repository && !STAND_IN.test(repository) && !/^(sha256|[0-9a-f]{12,64})$/.test(repository)) {
    names.images.add(repository);
  }
}

/** A container that shares the host’s name has the host’s name: then its hostname is one. */
function fromObject(names: Names, value: Readonly<Record<string, unknown>>): void {
  const { hostname, linux, Hostname, HostConfig } = value as {
    hostname?: unknown;
    Hostname?: unknown;
    linux?: { namespaces?: unknown };
    HostConfig?: { NetworkMode?: unknown; UTSMode?: unknown };
  };
  const spaces = linux?.namespaces;
  const sharesName =
    Array.isArray(spaces) && !spaces.some((one) => (one as { type?: unknown })?.type === 'uts');
  if (typeof hostname === 'string' && sharesName) addHost(names, hostname);
  const isHosts = HostConfig?.NetworkMode === 'host' || HostConfig?.UTSMode === 'host';
  if (typeof Hostname === 'string' && isHosts) addHost(names, Hostname);
}
