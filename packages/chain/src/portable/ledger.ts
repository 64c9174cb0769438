import type { Exported, ExportedFile, Kept, Lost, Platform, Portable, Told } from './types.ts';
import { comment, isOnLoopback, pinned, shellLine } from './words.ts';

/** What a writer says of its platform while it writes: nothing of a run goes without a word. */
export class Ledger {
  readonly stays: Kept[] = [];
  readonly adds: string[] = [];
  readonly lost: Lost[] = [];
  readonly fill: string[] = [];

  /** The same there. `mark` is how it is said; of YAML the beginning of its line is enough. */
  keep(what: string, value: string, told: Told<unknown> | undefined, mark?: string, note?: string): void {
    const isDefault =
      told?.from.isDefault && !note ? 'nobody asked for it: it was the engine’s own choice' : note;
    this.stays.push({
      what,
      value,
      ...(mark ? { mark } : {}),
      ...(told ? { from: told.from } : {}),
      ...(isDefault ? { note: isDefault } : {}),
    });
  }

  lose(what: string, why: string): void {
    this.lost.push({ what, why });
  }

  /** Lost for the same reason, where it is there at all. */
  loseIf(told: Told<unknown> | undefined, what: string, why: string): void {
    if (told) this.lose(what, why);
  }

  /** What stands above a file’s content, and below it, as comments: nothing is left to the page alone. */
  comments(portable: Portable, title: string): { head: string; tail: string } {
    const part = (head: string, all: readonly string[]) =>
      all.length > 0 ? [head, ...all.map((one) => `  - ${one}`)] : [];
    const name = portable.name?.value ?? portable.container.slice(0, 12);
    return {
      head: comment([`${title}${name ? ` for ${name}` : ''}, written by underdock from the trace of a run.`]),
      tail: comment([
        ...part('Fill in before use:', this.fill),
        ...part('This platform adds:', this.adds),
        ...part(
          'It can’t say:',
          this.lost.map(({ what, why }) => `${what}: ${why}`),
        ),
      ]),
    };
  }

  /** The export, its marks brought to what really stands in the text. */
  done(platform: Platform, files: readonly ExportedFile[], use: string): Exported {
    const lines = files.flatMap(({ text }) => text.split('\n')).filter((line) => !line.startsWith('#'));
    const marked = (kept: Kept): Kept => {
      const { mark, ...rest } = kept;
      const line = mark && lines.find((one) => bare(one).startsWith(mark));
      if (line) return { ...rest, mark: bare(line).replace(/ \\$/, '') };
      return mark && lines.some((one) => one.includes(mark)) ? kept : rest;
    };
    const { adds, lost, fill } = this;
    const stays = this.stays.map(marked).sort((a, b) => rankOf(a) - rankOf(b));
    return { platform, files, use, stays, adds, lost, fill };
  }
}

/** What makes a run the run that it was comes first. */
const FIRST = [
  'Image digest',
  'Image',
  'Process',
  'Entry point',
  'Memory',
  'Processors',
  'Number of processes',
];

function rankOf({ what }: Kept): number {
  const rank = FIRST.indexOf(what);
  return rank < 0 ? FIRST.length : rank;
}

function bare(line: string): string {
  return line.trim().replace(/^- /, '');
}

/** What all platforms have to say of the image; the name to write, undefined where there is none. */
export function keepImage(
  ledger: Ledger,
  portable: Portable,
  mark: (name: string) => string,
): string | undefined {
  const { reference, digest, id } = portable.image;
  const name = pinned(portable);
  if (!name || !reference) {
    ledger.lose('The image', 'the trace does not tell its name');
    return undefined;
  }
  if (digest) ledger.keep('Image digest', digest.value, digest, mark(name));
  else {
    ledger.keep('Image', reference.value, reference, mark(name));
    const known = id ? `only its id, ${id.value.slice(0, 19)}…, which no registry knows` : 'none was seen';
    ledger.lose('The image’s digest', `${known}: the name may mean another image elsewhere or tomorrow`);
  }
  if (isOnLoopback(reference.value)) {
    const registry = reference.value.split('/')[0];
    ledger.fill.push(
      `the registry: ${registry} is this host’s own; elsewhere push the image to one that can be reached there, its digest stays`,
    );
  }
  return name;
}

/** What is executed, where nothing of it has to be said because the image says it. */
export function keepProcess(ledger: Ledger, portable: Portable, mark: string, entryMark = ''): void {
  const { entrypoint, args, program } = portable;
  const words = program?.value ?? [...(entrypoint?.value ?? []), ...(args?.value ?? [])];
  const from = args ?? entrypoint ?? program;
  const isEntrySaid = entryMark !== '' && entrypoint && entrypoint.value.length > 0 && args;
  if (entrypoint || args) ledger.keep('Process', shellLine(words), from, mark);
  else if (program)
    ledger.keep('Process', shellLine(words), from, undefined, 'the image’s own: the digest keeps it');
  else ledger.keep('Process', 'the image’s own', undefined, undefined, 'the digest keeps it');
  if (isEntrySaid) ledger.keep('Entry point', shellLine(entrypoint.value), entrypoint, entryMark);
}

/** Variables whose values are not in the trace. */
export function fillVariables(ledger: Ledger, { env, unsure }: Portable): void {
  const unknown = env.filter(({ value }) => value.value === undefined).map(({ value }) => value.name);
  if (unknown.length > 0)
    ledger.fill.push(`${unknown.join(', ')}: values of variables are not kept in a trace`);
  if (unsure) {
    ledger.lose(
      `Variables ${unsure.value.join(', ')}`,
      'the trace does not tell whether the image or a flag set them, and keeps no values: add those that are not the image’s',
    );
  }
}
