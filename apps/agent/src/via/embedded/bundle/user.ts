import { EmbeddedError } from '../error.ts';

/** Who a container's process is. */
export interface ResolvedUser {
  uid: number;
  gid: number;
  additionalGids: number[];
  /** From the passwd entry, `/` where there is none. */
  home: string;
}

interface PasswdEntry {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

interface GroupEntry {
  name: string;
  gid: number;
  members: string[];
}

const NUMBER = /^\d+$/;
/** docker's highest id (user.maxID): the kernel keeps ids in 32 bits, Go's parser takes 31. */
const HIGHEST_ID = 2 ** 31 - 1;

function fields(text: string | undefined): string[][] {
  return (text ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));
}

/** Entries of a passwd(5) file; lines without whole numbers for the ids are left out. */
export function parsePasswd(text: string | undefined): PasswdEntry[] {
  return fields(text)
    .filter((entry) => NUMBER.test(entry[2] ?? '') && NUMBER.test(entry[3] ?? ''))
    .map(([name = '', , uid, gid, , home = '']) => ({ name, uid: Number(uid), gid: Number(gid), home }));
}

/** Entries of a group(5) file; lines without a whole number for the id are left out. */
export function parseGroup(text: string | undefined): GroupEntry[] {
  return fields(text)
    .filter((entry) => NUMBER.test(entry[2] ?? ''))
    .map(([name = '', , gid, members = '']) => ({
      name,
      gid: Number(gid),
      members: members.split(',').filter(Boolean),
    }));
}

function idOf(kind: 'user' | 'group', text: string): number {
  if (!NUMBER.test(text)) {
    throw new EmbeddedError(`no-such-${kind}`, `there is no ${kind} ${JSON.stringify(text)} in the image`, {
      remedy: `use a ${kind} of the image's /etc/${kind === 'user' ? 'passwd' : 'group'}, or a number`,
    });
  }
  const id = Number(text);
  if (id > HIGHEST_ID) {
    throw new EmbeddedError('bad-id', `${kind} id ${text} is above ${HIGHEST_ID}`, {
      remedy: `use an id from 0 to ${HIGHEST_ID}`,
    });
  }
  return id;
}

/**
 * `name[:group]`, each a name or a number, looked up as docker does: a name first, then a number; without a group the
 * entry's own group and every group that lists the user; a number that has no entry gets group 0.
 */
export function resolveUser(
  wanted: string | undefined,
  passwd: string | undefined,
  group: string | undefined,
): ResolvedUser {
  const [userPart = '', groupPart = ''] = (wanted ?? '').split(':');
  const groups = parseGroup(group);
  const entry = parsePasswd(passwd).find((known) =>
    userPart === '' ? known.uid === 0 : known.name === userPart || String(known.uid) === userPart,
  );
  const uid = entry?.uid ?? (userPart === '' ? 0 : idOf('user', userPart));
  const home = entry?.home || '/';
  if (groupPart !== '') {
    const known = groups.find((one) => one.name === groupPart || String(one.gid) === groupPart);
    const gid = known?.gid ?? idOf('group', groupPart);
    return { uid, gid, additionalGids: [gid], home };
  }
  const gid = entry?.gid ?? 0;
  const others = groups.filter((one) => entry !== undefined && one.members.includes(entry.name));
  // The primary group comes first in the list: without it a process could drop out of its own group's denials.
  return { uid, gid, additionalGids: [...new Set([gid, ...others.map((one) => one.gid)])], home };
}
