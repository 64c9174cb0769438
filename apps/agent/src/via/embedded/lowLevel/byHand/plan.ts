import path from 'node:path';
import { planDevices } from './deviceSteps.ts';
import { planGuards, planReadOnly } from './guardSteps.ts';
import { type MountContext, planMounts } from './mountSteps.ts';
import type { Entered, Step } from './step.ts';
import type { Toolbox, Tools } from './tools.ts';

/** What the steps around the waiting process are made from. */
export interface PlanContext extends MountContext {
  tools: Tools;
  toolbox: Toolbox;
  /** Folder with `tools/`, the FIFO `go` and the file `pid`. */
  work: string;
  /** As nsenter's --target takes it. */
  pid: string;
  rootless: boolean;
  /** The slave of the container's terminal. */
  console?: string;
}

/** The programs that have to work without the host's root. */
export const TOOLBOX = ['setpriv', 'env', 'umount', 'rmdir'] as const;

/** The commands before there is a process: a folder with the tools that will be needed when the host's root is gone. */
export function planPreparation(work: string, toolbox: Toolbox): Step[] {
  const tools = path.join(work, 'tools');
  return [
    {
      why: 'copy the few tools that are needed after the host’s root is gone, with their libraries',
      shell: (quote) => `mkdir -p ${quote(tools)} && cp -L ${[...toolbox.files, tools].map(quote).join(' ')}`,
    },
    {
      why: 'make a pipe with a name, on which the container’s first process will wait',
      words: ['mkfifo', path.join(work, 'go')],
    },
  ];
}

function nameSteps(context: PlanContext): Step[] {
  const { hostname } = context.config;
  if (hostname === undefined || !context.has('uts')) return [];
  const inside = userOnly(context, 'uts');
  const why = 'give the container a host name of its own';
  if (context.tools.paths.has('hostname')) return [{ why, inside, words: ['hostname', hostname] }];
  return [{ why, inside, shell: (quote) => `echo ${quote(hostname)} > /proc/sys/kernel/hostname` }];
}

function networkSteps(context: PlanContext): Step[] {
  if (!context.has('network') || !context.tools.paths.has('ip')) return [];
  return [
    {
      why: 'switch on the loopback device, the only one in the new network namespace',
      inside: userOnly(context, 'net'),
      words: ['ip', 'link', 'set', 'lo', 'up'],
    },
  ];
}

/** One namespace, after the user namespace where the container has one of its own. */
function userOnly(context: PlanContext, name: Entered): Entered[] {
  return [...context.inside.filter((one) => one === 'user'), name];
}

async function folderSteps(context: PlanContext): Promise<Step[]> {
  const { cwd } = context.config.process;
  const place = await context.place(cwd);
  if (cwd === '/' || (await context.exists(place))) return [];
  return [
    {
      why: 'make sure that the working folder exists',
      inside: context.inside,
      words: ['mkdir', '-p', place],
    },
  ];
}

function limitSteps(context: PlanContext): Step[] {
  const { rlimits = [] } = context.config.process;
  if (rlimits.length === 0) return [];
  const words = rlimits.map(
    ({ type, soft, hard }) => `--${type.slice('RLIMIT_'.length).toLowerCase()}=${soft}:${hard}`,
  );
  return [
    { why: 'limit how many files the process may open', words: ['prlimit', '--pid', context.pid, ...words] },
  ];
}

async function rootSteps(context: PlanContext): Promise<Step[]> {
  const { root, mounts } = context.config;
  // put_old must lie below the new root: a tmpfs, so that the image stays as it is.
  const scratch = mounts.find(
    (mount) => mount.type === 'tmpfs' && !mount.options?.includes('ro'),
  )?.destination;
  const inner = path.join(scratch ?? '/', 'old-root');
  const old = path.join(await context.place(scratch ?? '/'), 'old-root');
  const inside: Entered[] = context.has('pid') ? [...context.inside, 'pid'] : [...context.inside];
  const folder = path.join(context.work, 'tools');
  return [
    {
      why: 'make the image’s tree the root of everything, and hang the host’s root below it for a moment',
      inside: context.inside,
      shell: (quote) => `mkdir -p ${quote(old)} && pivot_root ${quote(root.path)} ${quote(old)}`,
    },
    {
      why: 'take the host’s root away: what is not in the image is out of reach from here on',
      inside,
      folder,
      words: [...context.toolbox.call('umount'), '-l', inner],
    },
    { why: 'remove the empty folder', inside, folder, words: [...context.toolbox.call('rmdir'), inner] },
  ];
}

/** The commands that make a container around the waiting process, in order; each is planned after those before it were run. */
export async function* planContainer(context: PlanContext): AsyncGenerator<Step> {
  const root = context.config.root.path;
  yield {
    why: 'make the image’s tree a mount of its own: only a mount can become the root',
    inside: context.inside,
    words: ['mount', '--rbind', root, root],
  };
  yield* nameSteps(context);
  yield* networkSteps(context);
  yield* planMounts(context);
  yield* await planDevices(context, context.rootless, context.console);
  yield* await planGuards(context);
  yield* await folderSteps(context);
  yield* await planReadOnly(context);
  yield* limitSteps(context);
  yield* await rootSteps(context);
}
