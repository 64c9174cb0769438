type Options = Record<string, unknown>;

/** docker run's flags without a value (docs.docker.com/reference/cli/docker/container/run): all others take one. */
const BARE = new Set(
  `--detach --disable-content-trust --help --init --interactive --no-healthcheck --oom-kill-disable --privileged
  --publish-all --quiet --read-only --rm --sig-proxy --tty --use-api-socket --debug --tls --tlsverify`.split(
    /\s+/,
  ),
);
const SHORT: Readonly<Record<string, string>> = {
  m: '--memory',
  h: '--hostname',
  u: '--user',
  e: '--env',
  v: '--volume',
  p: '--publish',
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
};

/** The options of a typed `docker run …` or `docker create …`, under the names that a request has; undefined for other commands. */
export function dockerFlags(argv: readonly string[]): Options | undefined {
  const verb = argv.findIndex((word, i) => i > 0 && (word === 'run' || word === 'create'));
  if (verb < 0) return undefined;
  const options: Options = {};
  for (let i = verb + 1; i < argv.length; i++) {
    const word = argv[i]!;
    // The image: what follows belongs to the container's command.
    if (!word.startsWith('-') || word === '-' || word === '--') break;
    const { flag, value } = split(word);
    if (isBare(flag)) {
      if (flag === '--read-only') options.readOnly = value === undefined || /^(1|t|true)$/i.test(value);
      continue;
    }
    const said = value ?? argv[++i];
    if (said !== undefined) put(options, flag, said);
  }
  return options;
}

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

function put(options: Options, flag: string, value: string): void {
  const list = LISTS[flag];
  const single = SINGLES[flag];
  if (list) options[list] = [...((options[list] as string[] | undefined) ?? []), value];
  else if (single) options[single] = value;
}
