import { lstatSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Access, createAccess } from '../server/access.ts';

const token = z.string().regex(/^[\w-]{32}$/);
const tokensSchema = z.strictObject({ drive: token, watch: token });

/**
 * The tokens of this state folder: kept in `tokens.json` (mode 0600), so that pages that are open find the agent again
 * after its restart. A file that others could read or write is not trusted: then, or when `renew` is asked for, there
 * are new ones and old links stop working.
 */
export function keptAccess(folder: string, renew: boolean): Access {
  const file = join(folder, 'tokens.json');
  const kept = renew ? undefined : readTokens(file);
  const access = createAccess(undefined, kept);
  if (!kept) {
    const fresh = `${file}.${process.pid}`;
    writeFileSync(fresh, `${JSON.stringify({ drive: access.drive, watch: access.watch })}\n`, {
      mode: 0o600,
    });
    renameSync(fresh, file);
  }
  return access;
}

function readTokens(file: string): z.infer<typeof tokensSchema> | undefined {
  try {
    const found = lstatSync(file);
    if (!found.isFile() || found.uid !== process.geteuid?.() || (found.mode & 0o077) !== 0) return undefined;
    return tokensSchema.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
