import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Shared } from '@underdock/chain/share';
import { AgentError } from '../error.ts';
import { FORMATS, type Made } from './exportFormats.ts';
import { readGuideFile } from './guideFile.ts';
import type { PictureOptions } from './pictureFile.ts';
import { readTrace } from './readTrace.ts';
import { reviewLines, type SharingFlags, sharedOf, sharingLine } from './sharing.ts';
import type { Streams } from './terminal.ts';
import { tame } from './words.ts';

/** What a command line may ask for beside the file. */
export interface ExportFlags extends PictureOptions, SharingFlags {
  to: string;
  out?: string;
  /** A file that says how to tell the trace. */
  guide?: string;
  /** Only say what would be shared. */
  review?: boolean;
}

/**
 * `underdock export FILE --to FORMAT`: what the trace is made into goes to standard output, or to `--out`. Returns the exit
 * code: 0, 1 with lines that are no events, 3 from a file that is cut off. Throws AgentError, and TraceError where there is no trace.
 */
export async function exportAct(
  file: string,
  flags: ExportFlags,
  { streams, cwd, env }: Place,
): Promise<number> {
  const format = Object.hasOwn(FORMATS, flags.to) ? FORMATS[flags.to] : undefined;
  if (!format) throw noFormat(flags.to);
  if (flags.guide !== undefined && !format.guided) throw takesNoGuide(flags.to);
  const trace = await readTrace(file);
  const told = flags.guide === undefined ? {} : { told: readGuideFile(flags.guide, trace.header.id) };
  const note = (line: string) => void streams.stderr.write(`${tame(line)}\n`);
  const shared = format.shares && !flags.keepNames ? sharedOf(trace, flags, env) : undefined;
  if (flags.review) {
    for (const line of reviewed(shared, flags)) streams.stdout.write(`${tame(line)}\n`);
    return 0;
  }
  const made = format.make({ ...trace, ...shared, ...told }, flags);
  if (flags.out !== undefined) writeOut(made, resolve(cwd, flags.out), flags.out, note);
  else if (made.files.length === 1) streams.stdout.write(made.files[0]!.text);
  else throw noOut(flags.to, made);
  if (shared) note(sharingLine(shared));
  for (const fault of trace.faults) note(`passed over: ${fault}`);
  if (trace.cut) note('the trace is cut off: exported as far as it goes');
  return trace.faults.length > 0 ? 1 : trace.cut ? 3 : 0;
}

interface Place {
  streams: Pick<Streams, 'stdout' | 'stderr'>;
  cwd: string;
  env: Record<string, string | undefined>;
}

function reviewed(shared: Shared | undefined, { to, keepNames }: ExportFlags): string[] {
  if (shared) return reviewLines(shared);
  const why = keepNames
    ? '--keep-names was given'
    : `--to ${to} makes something that runs, and that needs its names`;
  return [`nothing is replaced: ${why}`];
}

function writeOut(
  { files, use, fill }: Made,
  path: string,
  said: string,
  note: (line: string) => void,
): void {
  const inFolder = files.length > 1 || said.endsWith('/') || isFolder(path);
  for (const { name, text, executable } of files) {
    const target = inFolder ? join(path, name) : path;
    try {
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, target.endsWith('.gz') ? gzipSync(text) : text);
      if (executable) chmodSync(target, 0o755);
    } catch (cause) {
      throw unwritten(target, cause);
    }
    note(`wrote ${target}`);
  }
  for (const one of fill) note(`fill in: ${one}`);
  note(`to use it: ${use}`);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function noFormat(word: string): AgentError {
  const known = Object.entries(FORMATS).map(([name, { says }]) => `${name} (${says})`);
  return new AgentError('no-format', `--to ${word}: there is no such format`, {
    remedy: `there are: ${known.join(', ')}`,
    exitCode: 1,
  });
}

function noOut(to: string, { files }: Made): AgentError {
  return new AgentError('no-out', `--to ${to} makes ${files.length} files: say where with --out FOLDER`, {
    remedy: `it will hold ${files.map(({ name }) => name).join(', ')}`,
    exitCode: 1,
  });
}

function takesNoGuide(to: string): AgentError {
  const known = Object.keys(FORMATS).filter((name) => FORMATS[name]?.guided);
  return new AgentError('no-guide', `--to ${to} can’t be told by a guide`, {
    remedy: `leave --guide out, or take ${known.join(' or ')}`,
    exitCode: 1,
  });
}

function unwritten(target: string, cause: unknown): AgentError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new AgentError('unwritten', `${target} can’t be written: ${why}`, {
    remedy: 'choose another place with --out',
    exitCode: 1,
    cause,
  });
}
