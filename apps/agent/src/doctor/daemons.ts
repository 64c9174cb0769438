import type { Check } from '@underdock/trace';
import { type FoundProgram, findClients, findDaemons, listeningSockets } from '../daemons/findDaemons.ts';
import { CLIENTS, DAEMONS } from '../layers/callRoles.ts';
import { openTargets, type WatchedProgram } from '../layers/callTargets.ts';

/** What is looked for, and where; tests put other programs in its place. */
export interface DaemonLook {
  find?: () => Promise<FoundProgram[]>;
  root?: boolean;
}

/** The daemons that run on this host and the clients that lie in its usual places: can their calls be watched, and why not. */
export async function daemonChecks(look: DaemonLook = {}): Promise<Check[]> {
  const find = look.find ?? (async () => [...(await findDaemons(DAEMONS)), ...findClients(CLIENTS)]);
  const isRoot = look.root ?? process.getuid?.() === 0;
  const { programs, close } = await openTargets(await find());
  await close();
  return Promise.all(programs.map((program) => check(program, isRoot)));
}

async function check(program: WatchedProgram, isRoot: boolean): Promise<Check> {
  const { name, path, pid, kinds, goVersion, replaced } = program;
  const where = [path, ...(pid ? [`process ${pid}`] : []), ...(goVersion ? [goVersion] : [])];
  if (pid) where.push(...(await listeningSockets(pid)).slice(0, 4));
  if (replaced) where.push('its file was replaced since it was started');
  const is = { name: pid ? `${name} ${pid}` : `${name} client`, found: where.join(', ') };
  if (kinds.length > 0 && isRoot)
    return { ...is, state: 'ok', found: `${is.found}: its ${kinds.join(', ')} calls are seen` };
  const effect = `the calls of ${name} are not seen: a gap in the chain, which goes on by lineage, API and events`;
  const why = isRoot ? (program.why ?? 'nothing of it can be probed') : 'only root can probe it';
  const remedy = isRoot
    ? 'take a build of Docker, Debian or Ubuntu (compose: the plugin docker-compose-plugin); or report this one'
    : 'start underdock with sudo';
  return { ...is, state: 'limited', found: `${is.found}: ${why}`, effect, remedy };
}
