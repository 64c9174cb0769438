import { baseName } from './fields.ts';

/** Flags of docker, podman, ctr and kubectl that say how the engine is reached, with a word that follows. */
const REACH =
  /^(-H|--host|-c|--context|--config|-l|--log-level|--tls(cacert|cert|key)|-a|--address|-n|--namespace|--kubeconfig|-r|--runtime-endpoint)$/;
/** The same, without a word or with it behind `=`. */
const REACH_ALONE = /^(-D|--debug|--tls(verify)?|-H.+|--[a-z-]+=.*)$/;
const INTERPRETER = /^(python|perl|ruby|node|bash|sh|dash|env)[0-9.]*$/;
const SCRIPT = /\/[a-z][a-z0-9-]*$/;

/**
 * A command as one would say it: `docker run nginx`, without the interpreter of a script, the program's folder, and what
 * only says where the engine is. Words behind the subcommand stay as they are.
 */
export function typedCommand(argv: readonly string[]): string[] {
  const scripted = INTERPRETER.test(baseName(argv[0] ?? '')) && SCRIPT.test(argv[1] ?? '');
  const [program = '', ...rest] = scripted ? argv.slice(1) : argv;
  if (program === '') return [];
  let from = 0;
  while (rest[from]?.startsWith('-')) {
    const word = rest[from]!;
    if (REACH.test(word)) from += 2;
    else if (REACH_ALONE.test(word)) from += 1;
    else break;
  }
  return [baseName(program), ...rest.slice(from)];
}

/** The program and what it is to do: `docker run`, `docker-compose up`. */
export function typedVerb(argv: readonly string[]): string {
  const [program = '', ...rest] = typedCommand(argv);
  const verbs = rest.slice(0, 1).filter((word) => !word.startsWith('-'));
  const group = /^(container|image|network|volume|compose|buildx|system|builder|tasks?)$/;
  if (group.test(verbs[0] ?? '') && /^[a-z]+$/.test(rest[1] ?? '')) verbs.push(rest[1]!);
  return [program, ...verbs].join(' ');
}
