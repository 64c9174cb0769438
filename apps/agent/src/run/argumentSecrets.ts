import { REDACTED, SECRET_FLAG } from './secrets.ts';

/** What a word of a command line gives away, if anything. */
export type SecretWord =
  /** `NAME=value`, behind `prefix`. */
  | { kind: 'variable'; prefix: string; entry: string }
  /** A secret that is a flag's argument; `shown` is what stands in the word before it. */
  | { kind: 'argument'; flag: string; shown: string; secret: string };

// Of docker’s short flags those without a value may stand before the last one: `-ite NAME=value`.
const VARIABLE_FLAG = /^(?:-[ditqP]*e|--(?:env|env-add|build-arg|from-literal))$/;
const JOINED_VARIABLE =
  /^(?:-[ditqP]*e=?|--(?:env|env-add|build-arg|from-literal)=)(?=[A-Za-z_][\w.-]{0,200}=)/;
const JOINED_SECRET = new RegExp(`^(?<flag>${SECRET_FLAG.source.slice(1, -1)})=(?<secret>[\\s\\S]+)$`, 'i');
/** Before these words a `login` is no subcommand. */
const OTHER_VERBS = new Set(['run', 'create', 'exec', 'build', 'compose', 'start']);
const PULLS = new Set(['pull', 'push', 'fetch']);

/** What the word at `index` gives away, by itself, by the flag before it and by the command that it belongs to. */
export function secretWord(words: readonly unknown[], index: number): SecretWord | undefined {
  const [word, before] = [words[index], words[index - 1]];
  if (typeof word !== 'string') return undefined;
  const flagBefore = typeof before === 'string' ? before : '';
  if (VARIABLE_FLAG.test(flagBefore)) return { kind: 'variable', prefix: '', entry: word };
  const prefix = JOINED_VARIABLE.exec(word)?.[0];
  if (prefix) return { kind: 'variable', prefix, entry: word.slice(prefix.length) };
  const { flag, secret } = JOINED_SECRET.exec(word)?.groups ?? {};
  if (flag && secret) return { kind: 'argument', flag, shown: `${flag}=`, secret };
  if (!isArgument(word)) return undefined;
  if (SECRET_FLAG.test(flagBefore)) return { kind: 'argument', flag: flagBefore, shown: '', secret: word };
  return shortSecret(words, index, word, flagBefore);
}

/** `docker login -p PASSWORD`, and ctr’s `pull --user NAME:PASSWORD`: elsewhere these flags mean ports and users. */
function shortSecret(
  words: readonly unknown[],
  index: number,
  word: string,
  before: string,
): SecretWord | undefined {
  if (isLogin(words, index)) {
    if (before === '-p') return { kind: 'argument', flag: '-p', shown: '', secret: word };
    const joined = /^-p=?(?=[^=])/.exec(word)?.[0];
    if (joined) return { kind: 'argument', flag: '-p', shown: joined, secret: word.slice(joined.length) };
  }
  if (!isPullOfCtr(words, index)) return undefined;
  if (before === '-u' || before === '--user')
    return { kind: 'argument', flag: before, shown: '', secret: word };
  const joined = /^(?:-u=?|--user=)(?=[^=]*:)/.exec(word)?.[0];
  return joined
    ? { kind: 'argument', flag: '--user', shown: joined, secret: word.slice(joined.length) }
    : undefined;
}

function isLogin(words: readonly unknown[], index: number): boolean {
  const at = words.indexOf('login');
  return at > 0 && at < index && !words.slice(0, at).some((word) => OTHER_VERBS.has(String(word)));
}

function isPullOfCtr(words: readonly unknown[], index: number): boolean {
  const program = String(words[0]).split('/').at(-1);
  return program === 'ctr' && words.slice(1, index).some((word) => PULLS.has(String(word)));
}

function isArgument(word: string): boolean {
  return word !== '' && word !== REDACTED && word !== '--';
}
