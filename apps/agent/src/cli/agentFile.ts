import { lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { portOwner } from '../server/portOwner.ts';

const agentSchema = z.object({
  /** Where the agent answers on this machine, without a token. */
  url: z.url(),
  /** The drive token. */
  token: z.string(),
  pid: z.int().positive(),
  /** What `GET /api/health` says, so that another program on the same port is not taken for it. */
  instance: z.string(),
  version: z.string(),
});

/** A running agent as its own user can find it. */
export type AgentRecord = z.infer<typeof agentSchema>;

/** Says where the agent runs; only its user can read it (mode 0600). Returns how to take it back. */
export function writeAgentFile(folder: string, record: AgentRecord): () => void {
  const file = join(folder, 'agent.json');
  const fresh = `${file}.${record.pid}`;
  writeFileSync(fresh, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  renameSync(fresh, file);
  return () => {
    if (readAgentFile(folder)?.instance === record.instance) rmSync(file, { force: true });
  };
}

/** What the file says, if it is this user's own and nobody else can read it. */
export function readAgentFile(folder: string): AgentRecord | undefined {
  const file = join(folder, 'agent.json');
  try {
    const found = lstatSync(file);
    if (!found.isFile() || found.uid !== process.geteuid?.() || (found.mode & 0o077) !== 0) return undefined;
    return agentSchema.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/**
 * The agent of this user that uses this state folder, if it answers. The token is not sent before it is sure that the same
 * user's agent answers: another program may have got the port since.
 */
export async function findAgent(folder: string): Promise<AgentRecord | undefined> {
  const record = readAgentFile(folder);
  if (!record) return undefined;
  const owner = portOwner(Number(new URL(record.url).port || 80));
  if (owner && owner.uid !== process.geteuid?.()) return undefined;
  const health = await askHealth(record.url);
  return health?.instance === record.instance ? record : undefined;
}

/** What answers at a URL, if it is an underdock. */
export async function askHealth(url: string): Promise<{ instance: string; version: string } | undefined> {
  try {
    const response = await fetch(new URL('api/health', url), {
      signal: AbortSignal.timeout(2000),
      redirect: 'error',
    });
    const health = z.object({ ok: z.literal(true), instance: z.string(), version: z.string() });
    return health.safeParse(await response.json()).data;
  } catch {
    return undefined;
  }
}
