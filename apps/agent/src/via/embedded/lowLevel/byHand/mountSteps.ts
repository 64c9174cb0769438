import path from 'node:path';
import type { CgroupAbilities } from '../../bundle/cgroups.ts';
import type { OciConfig, OciMount } from '../../bundle/ociConfig.ts';
import { EmbeddedError } from '../../error.ts';
import { mapsRanges } from './beginning.ts';
import type { Entered, Quote, Step } from './step.ts';

/** What mount steps have to know about the container and its host. */
export interface MountContext {
  config: OciConfig;
  /** Host path of a place in the container, with the image's symbolic links resolved inside its root. */
  place(inner: string): Promise<string>;
  /** Whether something is at a place (as `place` gives it) already; false where that can't be known yet. */
  exists(at: string): Promise<boolean>;
  /** True when a bind mount's source is a folder. */
  isFolder(source: string): Promise<boolean>;
  cgroup: Pick<CgroupAbilities, 'layout' | 'mounts'>;
  /** Namespaces that must be entered for any change of the container's mounts (`mount`, and `user` for an ordinary user). */
  inside: readonly Entered[];
  has(namespace: string): boolean;
}

/** A filesystem shows the namespace of the process that mounts it: which one that is, by type. */
const SEES: Record<string, { namespace: string; entered: Entered }> = {
  proc: { namespace: 'pid', entered: 'pid' },
  sysfs: { namespace: 'network', entered: 'net' },
  mqueue: { namespace: 'ipc', entered: 'ipc' },
  cgroup: { namespace: 'cgroup', entered: 'cgroup' },
};

const WHY: Record<string, string> = {
  '/proc': 'show the container its own processes',
  '/dev': 'give the container a /dev of its own, in memory',
  '/dev/pts': 'give the container terminals of its own',
  '/sys': 'show the kernel’s objects, read-only',
  '/sys/fs/cgroup': 'show the container its own limits, read-only',
  '/dev/mqueue': 'show the message queues of its ipc namespace',
  '/dev/shm': 'give the container shared memory of its own',
};

const BIND_WORDS = new Set([
  'bind',
  'rbind',
  'private',
  'rprivate',
  'shared',
  'rshared',
  'slave',
  'rslave',
  'rw',
  'ro',
]);

function entered(mount: OciMount, context: MountContext): Entered[] {
  const sees = SEES[mount.type];
  const more = sees && context.has(sees.namespace) ? [sees.entered] : [];
  return [...context.inside, ...more];
}

/** The line that makes a place to mount on, or nothing where there is one: the image's own files keep their times. */
async function placeLines(
  at: string,
  folder: boolean,
  context: MountContext,
): Promise<(quote: Quote) => string[]> {
  if (await context.exists(at)) return () => [];
  if (folder) return (quote) => [`mkdir -p ${quote(at)}`];
  return (quote) => [`mkdir -p ${quote(path.dirname(at))}`, `touch ${quote(at)}`];
}

/** One command alone is shown and run as such, several as lines for a shell. */
function joined(
  step: Omit<Step, 'words' | 'shell'>,
  before: (quote: Quote) => string[],
  commands: string[][],
): Step {
  const [only] = commands;
  if (commands.length === 1 && before((word) => word).length === 0) return { ...step, words: only! };
  const lines = (quote: Quote): string[] => commands.map((words) => words.map(quote).join(' '));
  return { ...step, shell: (quote) => [...before(quote), ...lines(quote)].join(' && ') };
}

async function bindSteps(mount: OciMount, context: MountContext, at: string): Promise<Step[]> {
  const options = mount.options ?? [];
  const before = await placeLines(at, await context.isFolder(mount.source), context);
  const commands = [['mount', options.includes('rbind') ? '--rbind' : '--bind', mount.source, at]];
  const flags = options.filter((word) => !BIND_WORDS.has(word));
  if (options.includes('ro')) flags.unshift('ro');
  if (flags.length > 0) commands.push(['mount', '-o', `remount,bind,${flags.join(',')}`, at]);
  const why = `show ${mount.destination} from outside the image${options.includes('ro') ? ', read-only' : ''}`;
  return [joined({ why, inside: context.inside }, before, commands)];
}

/** cgroup v1 has a hierarchy per controller: a small tmpfs holds a folder for each. */
function legacyCgroupStep(mount: OciMount, context: MountContext, at: string): Step {
  const folders = Object.entries(context.cgroup.mounts)
    .filter(([name]) => name !== 'unified')
    .map(([, host]) => path.basename(host));
  const options = (mount.options ?? []).join(',');
  return {
    why: WHY['/sys/fs/cgroup']!,
    inside: entered(mount, context),
    shell: (quote) =>
      [
        `mkdir -p ${quote(at)} && mount -t tmpfs -o nosuid,nodev,noexec,mode=755 tmpfs ${quote(at)} || exit`,
        // A folder named cpu,cpuacct is the hierarchy of both controllers.
        `for name in ${[...new Set(folders)].map(quote).join(' ')}; do`,
        `  mkdir ${quote(at)}/"$name" && mount -t cgroup -o ${options},"$name" cgroup ${quote(at)}/"$name" || exit`,
        'done',
        `mount -o remount,bind,ro ${quote(at)}`,
      ].join('\n'),
  };
}

async function mountSteps(mount: OciMount, context: MountContext): Promise<Step[]> {
  const at = await context.place(mount.destination);
  if (at === context.config.root.path) {
    throw new EmbeddedError('bad-image', `${mount.destination} in the image is a link to its root`, {
      remedy: 'use another image: nothing can be mounted there without hiding all of it',
    });
  }
  const alone = context.has('user') && !mapsRanges(context.config);
  // In a user namespace that maps one group only, no other can own a terminal.
  const options = (mount.options ?? []).filter((word) => !alone || !/^gid=(?!0$)/.test(word));
  if (mount.type === 'bind' || options.includes('bind') || options.includes('rbind')) {
    return bindSteps(mount, context, at);
  }
  const cgroup2 = mount.type === 'cgroup' && context.cgroup.layout === 'v2';
  if (mount.type === 'cgroup' && !cgroup2) return [legacyCgroupStep(mount, context, at)];
  const words = ['mount', '-t', cgroup2 ? 'cgroup2' : mount.type];
  if (options.length > 0) words.push('-o', options.join(','));
  const why = WHY[mount.destination] ?? `give the container ${mount.destination} of its own, in memory`;
  const before = await placeLines(at, true, context);
  return [joined({ why, inside: entered(mount, context) }, before, [[...words, mount.source, at]])];
}

/** The commands for every mount of the configuration, one by one, so that each is resolved after those before it were made. */
export async function* planMounts(context: MountContext): AsyncGenerator<Step> {
  for (const mount of context.config.mounts) yield* await mountSteps(mount, context);
}
