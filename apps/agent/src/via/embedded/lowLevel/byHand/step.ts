import { shellWord } from '../../../../shellWord.ts';
/** Namespaces of the waiting process that a command enters first, by nsenter(1)'s words. */
export type Entered = 'mount' | 'uts' | 'ipc' | 'net' | 'pid' | 'cgroup' | 'user';

/** Writes a word so that a shell reads it back as it is; paths that a script knows as variables are written with them. */
export type Quote = (word: string) => string;

/** One command that a learner could type. */
export interface Step {
  /** What it achieves, in a plain sentence without a full stop. */
  why: string;
  /** Entered before the command runs; absent = it runs on the host's side. */
  inside?: readonly Entered[];
  /** Working folder of the command. */
  folder?: string;
  /** The program and its arguments … */
  words?: readonly string[];
  /** … or lines for a shell, where files are written or several small commands belong together. */
  shell?: (quote: Quote) => string;
  /** A failure is told and the container is made all the same: its absence is stated then. */
  optional?: { what: string };
}

/** Quotes for a POSIX shell: plain words stay as they are. */
export const shellQuote: Quote = shellWord;

/** Stands for the dollar of a script's own variable until every other dollar has been quoted. */
const OWN_DOLLAR = '\u0001';

/** Paths that become variables in a script: value to name, the longest first. Finish the script with `withVariables`. */
export function quoteWithVariables(variables: ReadonlyMap<string, string>): Quote {
  const known = [...variables].toSorted(([a], [b]) => b.length - a.length);
  return (word) => {
    for (const [value, name] of known) {
      const at = word.indexOf(value);
      const after = word[at + value.length];
      if (at === -1 || (after !== undefined && after !== '/')) continue;
      const [before, rest] = [word.slice(0, at), word.slice(at + value.length)];
      return `${before && shellQuote(before)}"${OWN_DOLLAR}${name}"${rest && shellQuote(rest)}`;
    }
    return shellQuote(word);
  };
}

/** Quotes lines for `sh -c` so that a script's own variables are filled in and every dollar is left to the inner shell. */
export const quoteAround: Quote = (text) => `"${text.replaceAll(/(["`\\$])/g, '\\$1')}"`;

/** Gives a script's own variables their dollar. */
export function withVariables(script: string): string {
  return script.replaceAll(OWN_DOLLAR, '$');
}

/** How steps reach the inside of the container: the waiting process's id as a number, or as a script's variable. */
export interface Reach {
  pid: string;
  /** Put before every command of an ordinary user whose user namespace is held open. */
  wrap?: (argv: readonly string[]) => string[];
}

function enterWords(step: Step, reach: Reach): string[] {
  if (step.inside === undefined) return [];
  // With --user the ids are already what the map makes of ours; nsenter would otherwise try to set groups.
  const user = step.inside.includes('user') ? ['--preserve-credentials'] : [];
  const folder = step.folder === undefined ? [] : [`--wd=${step.folder}`];
  return ['nsenter', '--target', reach.pid, ...step.inside.map((name) => `--${name}`), ...user, ...folder];
}

/** What is spawned for a step. */
export function stepArgv(step: Step, reach: Reach): string[] {
  const command = step.words ?? ['sh', '-c', step.shell!(shellQuote)];
  const argv = [...enterWords(step, reach), ...command];
  return reach.wrap ? reach.wrap(argv) : argv;
}

/** The step as one would type it. */
export function stepText(
  step: Step,
  reach: Reach,
  quote: Quote = shellQuote,
  quoteLines = shellQuote,
): string {
  const enter = enterWords(step, reach).map(quote).join(' ');
  if (step.words !== undefined) {
    const command = step.words.map(quote).join(' ');
    if (enter !== '') return `${enter} ${command}`;
    return step.folder === undefined ? command : `(cd ${quote(step.folder)} && ${command})`;
  }
  const text = step.shell!(quote);
  return enter === '' ? text : `${enter} sh -c ${quoteLines(text)}`;
}
