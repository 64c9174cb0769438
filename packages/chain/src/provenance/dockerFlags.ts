type Options = Record<string, unknown>;

/** docker run's flags without a value (docs.docker.com/reference/cli/docker/container/run), and underdock's: all others take one. */
const BARE = new Set(
  `--detach --disable-content-trust --help --init --interactive --no-healthcheck --oom-kill-disable --privileged
  --publish-all --quiet --read-only --rm --sig-proxy --tty --use-api-socket --debug --tls --tlsverify
  --keep --hold --plain-http --json`.split(/\s+/),
);
const SHORT: Readonly<Record<string, string>> = {
  m: '--memory',
  h: '--hostname',
  u: '--user',
  e: '--env',
  v: '--volume',
  p: '--publish',
  w: '--workdir',
};
const BARE_SHORT = 'ditPqD';
const LISTS: Readonly<Record<string, string>> = {
  '--env': 'env',
  '--volume': 'volume',
  '--mount': 'mount',
  '--publish': 'publish',
  '--cap-add': 'capAdd',
  '--cap-drop': 'capDrop',
};
const SINGLES: Readonly<Record<string, string>> = {
  '--memory': 'memory',
  '--cpus': 'cpus',
  '--pids-limit': 'pidsLimit',
  '--hostname': 'hostname',
  '--user': 'user',
  '--network': 'network',
  '--net': 'network',
  '--name': 'name',
  '--workdir': 'workdir',
  '--entrypoint': 'entrypoint',
  '--runtime': 'runtime',
};

/** A typed `docker run …` or `docker create …`, taken apart. */
export interface TypedRun {
  /** Under the names that a request has. */
  options: Options;
  image?: string;
  /** What follows the image: it belongs to the container. */
  command: string[];
  /** Flags that no request of underdock’s has; `true` for those without a value. */
  others: { flag: string; value: string | true }[];
}

/** The options of a typed `docker run …` or `docker create …`, under the names that a request has; undefined for other commands. */
export function dockerFlags(argv: readonly string[]): Options | undefined {
  return typedRun(argv)?.options;
}

/** Takes such a command apart; undefined for other commands. Knows underdock’s own `run` too. */
export function typedRun(argv: readonly string[]): TypedRun | undefined {
  const verb = argv.findIndex((word, i) => i > 0 && (word === 'run' || word === 'create'));
  if (verb < 0) return undefined;
  const run: TypedRun = { options: {}, command: [], others: [] };
  for (let i = verb + 1; i < argv.length; i++) {
    const word = argv[i]!;
    if (!word.startsWith('-') || word === '-' || word === '--') {
      const at = word === '--' ? i + 1 : i;
      return { ...run, image: argv[at], command: argv.slice(at + 1) };
    }
    const { flag, value } = split(word);
    if (isBare(flag)) put(run, word.startsWith('--') ? [flag] : bareLetters(word), value);
    else {
      if (!word.startsWith('--')) put(run, bareLetters(word));
      const said = value ?? argv[++i];
      if (said !== undefined) putValue(run, flag, said);
    }
  }
  return run;
}

/** The switches in `-itm64m`. */
function bareLetters(word: string): string[] {
  const letters = [...word.slice(1)];
  const end = letters.findIndex((letter) => !BARE_SHORT.includes(letter));
  return letters.slice(0, end < 0 ? undefined : end).map((letter) => BARE_LETTERS[letter] ?? `-${letter}`);
}
const BARE_LETTERS: Readonly<Record<string, string>> = { d: '--detach', i: '--interactive', t: '--tty' };

function put(run: TypedRun, flags: readonly string[], value?: string): void {
  const on = value === undefined || /^(1|t|true)$/i.test(value);
  for (const flag of flags) {
    const name = SWITCHES[flag];
    if (name && (on || name === 'readOnly')) run.options[name] = on;
    else if (on && TOLD_SWITCHES.has(flag)) run.others.push({ flag, value: true });
  }
}
const SWITCHES: Readonly<Record<string, string>> = {
  '--read-only': 'readOnly',
  '--interactive': 'interactive',
  '--tty': 'tty',
  '--rm': 'rm',
  '--detach': 'detach',
};
/** Those without a value that change what the container is. */
const TOLD_SWITCHES = new Set([
  '--privileged',
  '--init',
  '--oom-kill-disable',
  '--publish-all',
  '--no-healthcheck',
]);

/** `--memory=64m`, `-m64m`, `-m=64m`, `-it`, `-itm` followed by its value. */
function split(word: string): { flag: string; value?: string } {
  if (word.startsWith('--')) {
    const at = word.indexOf('=');
    return at < 0 ? { flag: word } : { flag: word.slice(0, at), value: word.slice(at + 1) };
  }
  const letters = word.slice(1);
  const at = [...letters].findIndex((letter) => !BARE_SHORT.includes(letter));
  if (at < 0) return { flag: '--tty' };
  const rest = letters.slice(at + 1).replace(/^=/, '');
  const flag = SHORT[letters[at]!] ?? `-${letters[at]}`;
  return rest === '' ? { flag } : { flag, value: rest };
}

function isBare(flag: string): boolean {
  return BARE.has(flag);
}

function putValue({ options, others }: TypedRun, flag: string, value: string): void {
  const list = LISTS[flag];
  const single = SINGLES[flag];
  if (list) options[list] = [...((options[list] as string[] | undefined) ?? []), value];
  else if (single) options[single] = value;
  else others.push({ flag, value });
}
