import path from 'node:path';
import type { MountContext } from './mountSteps.ts';
import type { Step } from './step.ts';

/** The commands that hide the masked paths and take write access from the read-only ones; what a kernel lacks is passed over. */
export async function planGuards(context: MountContext): Promise<Step[]> {
  const { maskedPaths = [], readonlyPaths = [] } = context.config.linux;
  const root = await context.place('/');
  const places = (inner: readonly string[], quote: (word: string) => string): string =>
    inner.map((one) => quote(path.join(root, one))).join(' ');
  const steps: Step[] = [];
  if (readonlyPaths.length > 0) {
    steps.push({
      why: 'let the container read but not write the kernel’s switches',
      inside: context.inside,
      shell: (quote) =>
        [
          `for at in ${places(readonlyPaths, quote)}; do`,
          '  [ -e "$at" ] || continue',
          '  mount --rbind "$at" "$at" && mount -o remount,bind,ro "$at" || exit',
          'done',
        ].join('\n'),
    });
  }
  if (maskedPaths.length > 0) {
    steps.push({
      why: 'hide what tells about the host: files behind /dev/null, folders behind an empty one',
      inside: context.inside,
      shell: (quote) =>
        [
          `for at in ${places(maskedPaths, quote)}; do`,
          '  if [ -d "$at" ]; then mount -t tmpfs -o ro,size=0k tmpfs "$at"',
          '  elif [ -e "$at" ]; then mount --bind /dev/null "$at"',
          '  fi || exit',
          'done',
        ].join('\n'),
    });
  }
  return steps;
}

/** The command that makes the whole root filesystem read-only, last of all mounts. */
export async function planReadOnly(context: MountContext): Promise<Step[]> {
  if (!context.config.root.readonly) return [];
  return [
    {
      why: 'make the root filesystem read-only',
      inside: context.inside,
      words: ['mount', '-o', 'remount,bind,ro', await context.place('/')],
    },
  ];
}
