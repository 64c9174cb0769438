import type { MountContext } from './mountSteps.ts';
import type { Step } from './step.ts';

/** Devices that every container has (config-linux.md, "Default Devices"): name, major and minor number. */
const DEVICES: readonly [string, number, number][] = [
  ['null', 1, 3],
  ['zero', 1, 5],
  ['full', 1, 7],
  ['random', 1, 8],
  ['urandom', 1, 9],
  ['tty', 5, 0],
];

const LINKS: readonly [string, string][] = [
  ['/proc/self/fd', 'fd'],
  ['/proc/self/fd/0', 'stdin'],
  ['/proc/self/fd/1', 'stdout'],
  ['/proc/self/fd/2', 'stderr'],
  ['pts/ptmx', 'ptmx'],
];

/** The commands that fill /dev: nodes for root, the host's own nodes shown for an ordinary user, and the usual links. */
export async function planDevices(
  context: MountContext,
  rootless: boolean,
  console?: string,
): Promise<Step[]> {
  if (!context.config.mounts.some((mount) => mount.destination === '/dev' && mount.type === 'tmpfs'))
    return [];
  const dev = await context.place('/dev');
  const enter = (quote: (word: string) => string): string => `cd ${quote(dev)}`;
  const nodes: Step = rootless
    ? {
        why: 'show the host’s harmless devices: an ordinary user can’t make device nodes',
        inside: context.inside,
        shell: (quote) =>
          [
            `${enter(quote)} || exit`,
            `for name in ${DEVICES.map(([name]) => name).join(' ')}; do`,
            '  touch "$name" && mount --bind "/dev/$name" "$name" || exit',
            'done',
          ].join('\n'),
      }
    : {
        why: 'make the harmless devices that every program expects',
        inside: context.inside,
        shell: (quote) =>
          [
            enter(quote),
            ...DEVICES.map(([name, major, minor]) => `mknod -m 666 ${name} c ${major} ${minor}`),
          ].join(' &&\n'),
      };
  const links: Step = {
    why: 'make the usual links in /dev',
    inside: context.inside,
    shell: (quote) =>
      [enter(quote), ...LINKS.map(([target, name]) => `ln -sfn ${target} ${name}`)].join(' &&\n'),
  };
  if (console === undefined) return [nodes, links];
  const terminal: Step = {
    why: 'show the container’s terminal as /dev/console',
    inside: context.inside,
    shell: (quote) =>
      `touch ${quote(`${dev}/console`)} && mount --bind ${quote(console)} ${quote(`${dev}/console`)}`,
  };
  return [nodes, links, terminal];
}
