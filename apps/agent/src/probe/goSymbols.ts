import { stat } from 'node:fs/promises';
import { BinaryFile } from './go/binaryFile.ts';
import { type GoBuild, readBuild } from './go/buildInfo.ts';
import { type Elf, readElf } from './go/elf.ts';
import { findInTable } from './go/pclntab.ts';
import { stackNeedOf } from './go/stackCheck.ts';

/** Where a function of a Go program is, in virtual addresses, as bpftrace wants them. */
export interface GoFunction {
  entry: number;
  /**
   * How far below the stack pointer its first instructions look whether there is room: if there is not, the function is begun
   * a second time. Undefined where they do not look, or in a way that is not known.
   */
  stackNeed?: number;
}

/** A Go program that was looked into. */
export interface GoProgram extends GoBuild {
  arch: Elf['arch'];
  /** By the name that was asked for. What is not in it was inlined or left out by the compiler. */
  functions: ReadonlyMap<string, GoFunction>;
}

const known = new Map<string, Promise<GoProgram>>();

/**
 * Looks into a Go program (1.18 and later, stripped or not): its build, and where the functions `names` are. A name as
 * `google.golang.org/grpc.(*ClientConn).Invoke` is found under a vendor folder too. What is known of a build is kept while
 * this process lives. Throws ProbeError `unknown-build` for what is no whole Go program.
 */
export async function readGoProgram(path: string, names: readonly string[]): Promise<GoProgram> {
  const file = await BinaryFile.open(path);
  try {
    const elf = await readElf(file);
    const build = await readBuild(file, elf);
    const key = JSON.stringify([await identityOf(path, file, build), ...names]);
    const kept = known.get(key) ?? readFunctions(file, elf, build, names);
    known.set(key, kept);
    kept.catch(() => known.delete(key));
    return await kept;
  } finally {
    await file.close();
  }
}

/** The entry addresses of the functions `names` in a Go program, by name: what `readGoProgram` finds, and no more. */
export async function findFunctions(path: string, names: readonly string[]): Promise<Map<string, number>> {
  const { functions } = await readGoProgram(path, names);
  return new Map([...functions].map(([name, { entry }]) => [name, entry]));
}

// A build id is what the file says of itself: whoever wrote it must not speak for the files of others. A breakpoint at a
// wrong place ends the program that runs into it.
async function identityOf(path: string, file: BinaryFile, { buildId }: GoBuild): Promise<unknown[]> {
  const { uid, dev, ino, mtimeMs } = await stat(path);
  return uid === 0 && buildId ? [buildId, file.size] : [path, dev, ino, file.size, mtimeMs];
}

async function readFunctions(
  file: BinaryFile,
  elf: Elf,
  build: GoBuild,
  names: readonly string[],
): Promise<GoProgram> {
  const functions = new Map<string, GoFunction>();
  for (const [name, entry] of await findInTable(file, elf, names)) {
    const stackNeed = await stackNeedOf(file, elf, entry);
    functions.set(name, { entry, ...(stackNeed === undefined ? {} : { stackNeed }) });
  }
  return { ...build, arch: elf.arch, functions };
}
