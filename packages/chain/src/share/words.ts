import { isMakersOwn, isPublicV4, isPublicV6 } from './addresses.ts';
import type { Names } from './names.ts';
import type { ReplacedKind, StandIns } from './standIns.ts';

/** Further texts that may be hidden. */
export const HIDEABLE = ['output', 'variables', 'images', 'home-paths'] as const;
export type Hideable = (typeof HIDEABLE)[number];

/** Replaces what identifies somebody in one text. */
export type Replacer = (text: string) => string;

type Rule = (text: string, standIns: StandIns) => string;

const V4 = /(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w]|\.\d)/g;
const V6 = /(?<![\w:.])[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{0,4}){2,7}(?![\w:])/g;
const MAC = /(?<![\w:-])[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}(?![\w:-])/g;
const MAIL =
  /(?<![\w.%+-])(?!git@)[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,5}(?!service|slice|scope|socket|mount|timer)[A-Za-z]{2,24}(?![\w-]|\.\w)/g;
/** A text without any of these has nothing to be replaced by pattern. */
const SUSPICIOUS = /@|\d\.\d{1,3}\.\d|[0-9a-fA-F]:[0-9a-fA-F:]*:/;
/** Numbers and digests name nobody; letters of a digest alone can be a name (ada, cafe). */
const PLAIN = /^(\d*|(sha256:)?[0-9a-f]{12,})$/;

/** Makes the replacer of one trace from the names that were found in it. `words` are the reader’s own. */
export function replacerOf(
  names: Names,
  standIns: StandIns,
  { hide, words }: { hide: ReadonlySet<Hideable>; words: readonly string[] },
): Replacer {
  const rules: Rule[] = [
    wordRule('own word', new Set(words.filter((word) => word.trim() !== '')), true),
    byPattern,
    wordRule('home folder', names.homes, true),
    wordRule('server name', names.servers),
    wordRule('host name', names.hosts),
    ...userRules(names),
    ...(hide.has('home-paths') ? [homePaths] : []),
    ...(hide.has('images') ? [wordRule('image name', names.images)] : []),
    ...(hide.has('variables') ? [wordRule('name of a variable', names.variables)] : []),
  ];
  return (text) =>
    PLAIN.test(text) && words.length === 0 ? text : rules.reduce((now, rule) => rule(now, standIns), text);
}

function userRules({ users, programs }: Names): Rule[] {
  const isAmbiguous = (user: string) => user.length < 3 || programs.has(user.toLowerCase());
  const inPaths = new Set([...users].filter(isAmbiguous));
  return [
    wordRule('user name', new Set([...users].filter((user) => !isAmbiguous(user)))),
    wordRule('user name', inPaths, false, '(?<=/(?:home|Users)/|^(?:USER|LOGNAME|USERNAME|SUDO_USER)=)'),
  ];
}

/** Longest first, so that a name within another is not taken out of it. As a whole word, unless `anywhere`. */
function wordRule(
  kind: ReplacedKind,
  words: ReadonlySet<string>,
  anywhere = false,
  before = '(?<![A-Za-z0-9])',
): Rule {
  if (words.size === 0) return (text) => text;
  const sorted = [...words].sort((a, b) => b.length - a.length).map(escaped);
  const whole = `(?:${sorted.join('|')})`;
  const pattern = new RegExp(anywhere ? whole : `${before}${whole}(?![A-Za-z0-9])`, 'gi');
  return (text, standIns) => text.replace(pattern, (found) => standIns.of(kind, found));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
}

function byPattern(text: string, standIns: StandIns): string {
  if (!SUSPICIOUS.test(text)) return text;
  const take = (kind: ReplacedKind, fits: (found: string) => boolean) => (found: string) =>
    fits(found) ? standIns.of(kind, found) : found;
  return text
    .replace(
      MAIL,
      take('mail address', (found) => !/@example\.(org|com|net)$/.test(found)),
    )
    .replace(MAC, take('hardware address', isMakersOwn))
    .replace(V4, take('internet address', isPublicV4))
    .replace(V6, take('internet address', isPublicV6));
}

/** What follows a home folder, each path by a name of its own. */
const homePaths: Rule = (text, standIns) =>
  text.replace(/((?<![\w.-])\/(?:home|Users)\/[\w.-]+\/)(?!hidden\d+)([^\s:,;"'=]+)/g, (_, home, rest) => {
    return `${home}${standIns.of('path in a home folder', rest)}`;
  });
