import { Command, Option } from 'commander';

/** The options of `underdock run` as commander parses them. */
export interface RunFlags {
  env: string[];
  envFile: string[];
  volume: string[];
  mount: string[];
  publish: string[];
  capAdd: string[];
  capDrop: string[];
  memory?: string;
  cpus?: string;
  pidsLimit?: string;
  name?: string;
  hostname?: string;
  user?: string;
  workdir?: string;
  network?: string;
  entrypoint?: string;
  readOnly?: boolean;
  interactive?: boolean;
  tty?: boolean;
  detach?: boolean;
  rm?: boolean;
  via?: string;
  runtime?: string;
  bundle?: string;
  config?: string;
  engine?: string;
  socket?: string;
  record?: string;
  json?: boolean;
  state?: string;
  hold?: boolean;
  keep?: boolean;
  plainHttp?: boolean;
  quiet?: boolean;
}

const DOCKERS: [flags: string, says: string][] = [
  ['-m, --memory <size>', 'memory limit: 64m, 1g (512m unless said)'],
  ['--cpus <number>', 'how many processors: 0.5'],
  ['--pids-limit <n>', 'how many processes, -1 = unlimited (256 unless said)'],
  ['--name <name>', 'name of the container'],
  ['-h, --hostname <name>', 'host name inside'],
  ['-u, --user <user>', 'user inside: name or id, with :group'],
  ['-w, --workdir <dir>', 'working directory inside'],
  ['--network <mode>', 'none or host; with docker also bridge, or a network’s name'],
  ['--entrypoint <program>', 'instead of the image’s entry point'],
  ['--read-only', 'root filesystem can’t be written'],
  ['-i, --interactive', 'pass on standard input'],
  ['-t, --tty', 'give it a terminal'],
  ['-d, --detach', 'print the id and leave it running (with a running agent)'],
  ['--rm', 'taken as docker’s: the container is removed at its exit anyway, unless --keep'],
];

const DOCKERS_LISTS: [flags: string, says: string][] = [
  ['-e, --env <key=value>', 'environment variable; KEY alone passes yours on'],
  ['--env-file <file>', 'file with KEY=value lines'],
  ['-v, --volume <dir:dir[:ro]>', 'bind mount, or with docker a volume: name:dir'],
  ['--mount <mount>', 'type=bind|tmpfs,src=…,dst=…'],
  ['--cap-add <capability>', 'add a capability'],
  ['--cap-drop <capability>', 'drop a capability, or ALL'],
  ['-p, --publish <ports>', 'publish a port, with docker: 8080:80'],
];

const OURS: [flags: string, says: string][] = [
  ['--via <way>', 'the way in: docker if it answers, else embedded'],
  ['--runtime <name>', 'low-level runtime: runc, crun, by-hand; with docker those that its engine has'],
  ['--bundle <dir>', 'an OCI bundle in place of IMAGE, with --via oci: a folder with config.json and rootfs'],
  ['--config <file>', 'this config.json in place of the one that the flags make, with --via oci'],
  ['--engine <which>', 'docker engine: the host’s own, or a private one of underdock’s (host, private)'],
  ['--socket <path>', 'the engine’s socket'],
  ['--record <file>', 'write the trace: FILE.chain or FILE.chain.gz'],
  ['--json', 'the trace as JSON Lines on standard output, and nothing else there'],
  ['--state <dir>', 'state folder'],
  ['--hold', 'stop between create and start until Enter is pressed'],
  ['--keep', 'keep the container after its exit'],
  ['--plain-http', 'allow http to a registry that is not on loopback'],
  ['-q, --quiet', 'no lines about the chain'],
];

/** The command `run` with docker's flags and ours; everything after IMAGE belongs to the container's command. */
export function runCommand(): Command {
  const command = new Command('run')
    .description('run a container and see what each layer does')
    .argument('[image]', 'starter, or any image reference; none with --bundle')
    .argument('[command...]', 'command and arguments inside')
    // -h is docker's --hostname here.
    .helpOption('--help', 'show this help')
    .passThroughOptions();
  for (const [flags, says] of [...DOCKERS, ...OURS]) command.addOption(new Option(flags, says));
  for (const [flags, says] of DOCKERS_LISTS) {
    const gather = (value: string, before: string[]) => [...before, value];
    command.addOption(new Option(flags, says).argParser(gather).default([], 'none'));
  }
  return command;
}

/**
 * Spellings that docker accepts and commander does not: `-m=64m`, `--rm=true`, `--rm=false`. Looks no further than the
 * image's name.
 */
export function dockerSpelling(args: readonly string[], command: Command): string[] {
  const result: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '--' || !arg.startsWith('-') || arg === '-') return [...result, ...args.slice(i)];
    const [, flag = arg, value] = /^(--?[a-zA-Z][\w-]*)=(.*)$/s.exec(arg) ?? [];
    const option = command.options.find((one) => one.long === flag || one.short === flag);
    if (option?.isBoolean() && /^(true|1|t)$/i.test(value ?? '')) result.push(flag);
    else if (option?.isBoolean() && /^(false|0|f)$/i.test(value ?? '')) continue;
    else if (option?.required && value !== undefined && option.short === flag) result.push(flag, value);
    else result.push(arg);
    if (value === undefined && takesNext(arg, command)) {
      i++;
      if (i < args.length) result.push(args[i]!);
    }
  }
  return result;
}

/** Whether the argument after this one is its value: `--memory`, `-m`, and `-im` but not `-m64m`. */
function takesNext(arg: string, command: Command): boolean {
  if (arg.startsWith('--')) return command.options.some((one) => one.long === arg && one.required);
  const letters = [...arg.slice(1)];
  const first = letters.findIndex((letter) =>
    command.options.some((one) => one.short === `-${letter}` && one.required),
  );
  return first >= 0 && first === letters.length - 1;
}
