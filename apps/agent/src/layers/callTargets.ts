import { type FileHandle, open } from 'node:fs/promises';
import type { FoundProgram } from '../daemons/findDaemons.ts';
import type { CallKind } from '../probe/calls.ts';
import { type CallTarget, functionsOf, missingFunctions } from '../probe/callsProgram.ts';
import { readGoProgram } from '../probe/goSymbols.ts';
import { ROLES } from './callRoles.ts';

/** A program as the watcher knows it: what is seen of it, or why nothing is. */
export interface WatchedProgram extends FoundProgram {
  kinds: CallKind[];
  goVersion?: string;
  why?: string;
}

/** Programs made ready to be probed. The files are kept open until `close`, so that each path stays the same file. */
export interface CallTargets {
  programs: WatchedProgram[];
  targets: CallTarget[];
  close(): Promise<void>;
}

const NAMES = functionsOf([...new Set(Object.values(ROLES).flat())]);

/**
 * Looks into each program for the functions to probe. Never rejects: a program that can't be probed says why. One whose
 * process has gone since it was found is left out, and so it is new when it comes again.
 */
export async function openTargets(found: readonly FoundProgram[]): Promise<CallTargets> {
  const handles: FileHandle[] = [];
  const programs: WatchedProgram[] = [];
  const targets: CallTarget[] = [];
  for (const one of found) {
    try {
      // A breakpoint is put into the file’s page, so nobody but root may be able to exchange what lies there.
      if (one.uid !== 0)
        throw new Error(`${one.path} belongs to user ${one.uid}: only root’s programs are probed`);
      const handle = await open(one.file);
      handles.push(handle);
      const file = `/proc/${process.pid}/fd/${handle.fd}`;
      const { target, kinds } = await targetOf(one.name, file);
      if (kinds.length > 0) targets.push(target);
      const goVersion = target.program.goVersion;
      programs.push({ ...one, kinds, ...(goVersion ? { goVersion } : {}), ...whyNot(one, target) });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      programs.push({
        ...one,
        kinds: [],
        why: (error as Error).message.replaceAll(/\/proc\/\d+\/fd\/\d+/g, one.path),
      });
    }
  }
  const close = async () => {
    await Promise.all(handles.map((handle) => handle.close()));
  };
  return { programs, targets, close };
}

async function targetOf(name: string, file: string): Promise<{ target: CallTarget; kinds: CallKind[] }> {
  const program = await readGoProgram(file, NAMES);
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  if (program.arch !== arch) throw new Error(`${file} is built for ${program.arch} and not for this machine`);
  const fragments = (ROLES[name] ?? []).filter(
    (fragment) => missingFunctions(program, fragment).length === 0,
  );
  return { target: { file, program, fragments }, kinds: fragments.map(({ kind }) => kind) };
}

// An engine without containerd inside has no ttrpc, which is no fault; one of which nothing can be seen is.
function whyNot({ name, path }: FoundProgram, { program, fragments }: CallTarget): { why?: string } {
  if (fragments.length > 0) return {};
  const missing = (ROLES[name] ?? []).flatMap((fragment) => missingFunctions(program, fragment));
  return { why: `${path} has no ${missing.join(', ')}: this build is not known` };
}
