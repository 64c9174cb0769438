import type { OciIdMapping } from './bundle/ociConfig.ts';

/** How ids inside a user namespace relate to ids outside (user_namespaces(7)). */
export interface IdMappings {
  uid: OciIdMapping[];
  gid: OciIdMapping[];
  /** Whether processes inside may set additional groups: only when newgidmap wrote the map (user_namespaces(7)). */
  setgroups: boolean;
}

/** Who asks for a user namespace, and what the host grants. */
export interface Account {
  uid: number;
  gid: number;
  /** Login name, as /etc/subuid may list it. */
  name: string;
  /** Texts of /etc/subuid and /etc/subgid. */
  subuid: string;
  subgid: string;
  /** newuidmap and newgidmap are installed: without them ranges can't be used. */
  newidmap: boolean;
}

/** The first range that subuid(5) grants to an account, by name or number. */
export function grantedRange(
  text: string,
  account: Pick<Account, 'name' | 'uid'>,
): { from: number; size: number } | undefined {
  for (const line of text.split('\n')) {
    const [who, from, size] = line.trim().split(':');
    if (who !== account.name && who !== String(account.uid)) continue;
    if (/^\d+$/.test(from ?? '') && /^[1-9]\d*$/.test(size ?? ''))
      return { from: Number(from), size: Number(size) };
  }
  return undefined;
}

function mapped(own: number, range: { from: number; size: number } | undefined): OciIdMapping[] {
  const self = { containerID: 0, hostID: own, size: 1 };
  return range === undefined ? [self] : [self, { containerID: 1, hostID: range.from, size: range.size }];
}

/**
 * One's own id becomes 0 inside; the ids from 1 on come out of /etc/subuid and /etc/subgid where both grant a range and
 * newuidmap is there to use it.
 */
export function mappingsFor(account: Account): IdMappings {
  const uids = grantedRange(account.subuid, account);
  const gids = grantedRange(account.subgid, account);
  const whole = account.newidmap && uids !== undefined && gids !== undefined;
  return {
    uid: mapped(account.uid, whole ? uids : undefined),
    gid: mapped(account.gid, whole ? gids : undefined),
    setgroups: whole,
  };
}
