import { bundle } from './portable/bundle.ts';
import { composeFile } from './portable/composeFile.ts';
import { containerApp } from './portable/containerApp.ts';
import { dockerCommand } from './portable/dockerCommand.ts';
import { podFile } from './portable/podFile.ts';
import type { Exported, Platform, Portable } from './portable/types.ts';

export { carriedContainers, portableOf } from './portable/read.ts';
export * from './portable/types.ts';

const WRITERS: Readonly<Record<Platform, (portable: Portable) => Exported>> = {
  docker: dockerCommand,
  compose: composeFile,
  pod: podFile,
  aca: containerApp,
  bundle,
};

/** Says a run in the words of a platform: its files, what stays the same, what the platform adds, what it can’t say. */
export function exportTo(platform: Platform, portable: Portable): Exported {
  return WRITERS[platform](portable);
}
