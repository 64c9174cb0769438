import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** `drive` may run, stop and remove; `watch` may only look. */
export type Role = 'drive' | 'watch';

/** The two tokens of an agent. */
export interface Access {
  readonly drive: string;
  readonly watch: string;
  /** Which role a token gives; takes the same time for every wrong token. */
  roleOf(token: string | undefined): Role | undefined;
}

/** Two random tokens of 192 bits, safe in URLs: new ones unless `kept` are given. */
export function createAccess(
  random: (bytes: number) => Buffer = randomBytes,
  kept?: { drive: string; watch: string },
): Access {
  const drive = kept?.drive ?? random(24).toString('base64url');
  const watch = kept?.watch ?? random(24).toString('base64url');
  const digests: [Role, Buffer][] = [
    ['drive', digest(drive)],
    ['watch', digest(watch)],
  ];
  return {
    drive,
    watch,
    roleOf(token) {
      if (token === undefined || token.length > 256) return undefined;
      const given = digest(token);
      return digests.filter(([, known]) => timingSafeEqual(known, given))[0]?.[0];
    },
  };
}

// Digests are of one length whatever was given, which is what timingSafeEqual needs.
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** The token in `Authorization: Bearer …`, else in `?token=`. */
export function tokenOf(authorization: string | undefined, query: unknown): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return bearer ?? (typeof query === 'string' ? query : undefined);
}
