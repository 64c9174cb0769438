import type { Check } from '@underdock/trace';
import { enginePlaces, findEngines } from '../daemons/findEngine.ts';
import { CRI_SOCKETS } from '../via/cri/runtimes.ts';
import type { FoundRuntime } from '../via/embedded/lowLevel/runtimes.ts';
import { install, type System } from './system.ts';

/** The low-level runtimes that were looked for, as checks. */
export function runtimeChecks(found: readonly FoundRuntime[]): Check[] {
  return found.map((runtime) => {
    const version = runtime.version ? `${runtime.name} ${runtime.version}` : runtime.name;
    const where = runtime.path ? `${version} at ${runtime.path}` : version;
    if (runtime.why === undefined) return { name: runtime.name, state: 'ok', found: where };
    const there = runtime.version !== undefined;
    return {
      name: runtime.name,
      state: there ? 'limited' : 'missing',
      found: there ? `${where}: ${runtime.why}` : runtime.why,
      effect: `--runtime ${runtime.name} can’t be used`,
      remedy: runtime.remedy ?? install(runtime.name),
    };
  });
}

/** util-linux, which `by-hand` and the private mount namespaces are made with. */
export async function toolCheck(system: System): Promise<Check> {
  const name = 'util-linux';
  const said = await system.run(['unshare', '--version']);
  if (said?.exitCode === 0) return { name, state: 'ok', found: said.stdout.trim().replace(/^.*from /, '') };
  const remedy = install('util-linux');
  return {
    name,
    state: 'missing',
    found: 'unshare is not there',
    effect: 'nothing can be built by hand',
    remedy,
  };
}

/** Engines that are there and answer: not needed, but taken where they are. */
export async function engineChecks(system: System): Promise<Check[]> {
  return [await docker(system), await compose(system), await containerd(system), await cri(system)];
}

async function docker(system: System): Promise<Check> {
  const name = 'docker';
  const { places, elsewhere } = enginePlaces(system.env);
  const looked = await findEngines(
    system.env,
    places.filter(({ socket }) => system.exists(socket)),
  );
  const found = looked.find(({ version }) => version) ?? looked[0];
  if (found?.version) {
    const { version, apiVersion, components } = found.version;
    const parts = Object.entries(components).map(([part, its]) => `${part} ${its}`);
    const says = `engine ${version} (API ${[apiVersion, ...parts].join(', ')}) answers at ${found.socket}, ${found.from}`;
    return { name, state: 'ok', found: says };
  }
  if (found) {
    const remedy = 'start it: systemctl start docker; or join its group: usermod -aG docker USER';
    return { name, state: 'limited', found: `${found.socket} is there, but ${found.why}`, remedy };
  }
  const none = elsewhere ? `DOCKER_HOST names an engine elsewhere: ${elsewhere}` : 'no engine answers';
  const own = system.uid === 0 && (await system.run(['dockerd', '--version']))?.exitCode === 0;
  if (own) {
    const remedy = 'start it: systemctl start docker; or let underdock start one: --engine private';
    return { name, state: 'limited', found: `${none}, but its programs are here`, remedy };
  }
  const remedy = install('docker.io', 'moby-engine');
  return { name, state: 'missing', found: `${none}; underdock’s own one is used`, remedy };
}

async function compose(system: System): Promise<Check> {
  const name = 'compose';
  for (const argv of [
    ['docker', 'compose', 'version'],
    ['docker-compose', 'version'],
  ]) {
    const said = await system.run(argv);
    const version = said?.exitCode === 0 ? /\d+(?:\.\d+)+/.exec(said.stdout)?.[0] : undefined;
    if (version) return { name, state: 'ok', found: `${argv.slice(0, -1).join(' ')} ${version}` };
  }
  const remedy = install('docker-compose', 'docker-compose-plugin');
  return { name, state: 'missing', found: 'Docker Compose is not installed: no --via compose', remedy };
}

async function containerd(system: System): Promise<Check> {
  const name = 'containerd';
  const socket = '/run/containerd/containerd.sock';
  if (system.exists(socket)) return { name, state: 'ok', found: `a socket at ${socket}` };
  const own = system.uid === 0 && (await system.run(['containerd', '--version']))?.exitCode === 0;
  if (own) {
    const found = `no socket at ${socket}, but its programs are here`;
    const remedy = 'let underdock start one: --via containerd --engine private';
    return { name, state: 'limited', found, remedy };
  }
  const found = `no socket at ${socket}: no --via containerd`;
  return { name, state: 'missing', found, remedy: install('containerd') };
}

/** A socket tells nothing of whether containerd's CRI plugin is on behind it: the first call does, and says so. */
async function cri(system: System): Promise<Check> {
  const name = 'CRI';
  const socket = CRI_SOCKETS.find((path) => system.exists(path));
  if (socket) return { name, state: 'ok', found: `a socket at ${socket}` };
  const { state, remedy } = await containerd(system);
  if (state === 'missing')
    return {
      name,
      state,
      found: 'neither containerd nor CRI-O is here: no --via cri',
      ...(remedy ? { remedy } : {}),
    };
  const found = 'neither containerd nor CRI-O runs, but containerd’s programs are here';
  return { name, state, found, remedy: 'let underdock start it: --via cri --engine private' };
}
