import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import pc from 'picocolors';
import type { OpenedRuns, OpenRunsOptions } from '../run/openRuns.ts';
import { VERSION } from './about.ts';
import type { CompareFlags } from './compareCommand.ts';
import { complain } from './errors.ts';
import type { ExplainFlags } from './explainCommand.ts';
import type { ExportFlags } from './exportAct.ts';
import type { PlayFlags } from './playAct.ts';
import type { RecordFlags } from './recordAct.ts';
import { dockerSpelling, type RunFlags, runCommand } from './runFlags.ts';
import type { Streams } from './terminal.ts';
import type { UpFlags } from './upAct.ts';
import type { WatchFlags } from './watchAct.ts';

/** What the command line is given from outside. */
export interface Outside {
  streams: Streams;
  env: Record<string, string | undefined>;
  cwd: string;
  uid: number;
  openRuns: (
    options: OpenRunsOptions,
  ) => Promise<
    Pick<OpenedRuns, 'runs' | 'close' | 'recovered'> &
      Partial<Pick<OpenedRuns, 'prepare' | 'prepareConfig' | 'privateDocker' | 'watch'>>
  >;
}

// Each command loads what it needs when it is called: the server alone is half of the program.

/** Runs one command line (without `node` and the program's name) and resolves with its exit code; never rejects. */
export async function main(args: readonly string[], outside: Outside): Promise<number> {
  const { stdout, stderr } = outside.streams;
  let code = 0;
  const program = createProgram(outside, (done) => {
    code = done;
  });
  const fault = args[0] === 'run' || args[0] === 'record' ? 125 : 1;
  const unknown = args[0] !== undefined && !args[0].startsWith('-') && args[0] !== 'help';
  if (unknown && !program.commands.some((command) => command.name() === args[0])) {
    const names = program.commands.map((command) => command.name()).join(', ');
    stderr.write(`underdock: there is no command ${args[0]}\n  there are: ${names}\n`);
    return fault;
  }
  if (args.length === 0) {
    stdout.write(program.helpInformation());
    return 0;
  }
  try {
    await program.parseAsync(spelled(args, program), { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : fault;
    return complain(error, stderr, fault);
  }
}

function spelled(args: readonly string[], program: Command): readonly string[] {
  const run = program.commands.find((command) => command.name() === 'run');
  return args[0] === 'run' && run ? ['run', ...dockerSpelling(args.slice(1), run)] : args;
}

function createProgram(outside: Outside, finish: (code: number) => void): Command {
  const { stdout, stderr } = outside.streams;
  const print = (line: string) => void stdout.write(`${line}\n`);
  const program = new Command('underdock')
    .description('Runs and watches real containers and draws the relay behind docker run live.')
    .version(VERSION, '-V, --version')
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      outputError: (text, write) => write(`underdock: ${text.replace(/^error: /, '')}`),
    })
    .exitOverride();
  addUp(program, outside, finish);
  program.addCommand(
    runCommand()
      .copyInheritedSettings(program)
      .action(async (image: string | undefined, command: string[], flags: RunFlags) =>
        finish(await (await import('./runAct.ts')).runAct(image, command, flags, outside)),
      ),
  );
  program
    .command('watch')
    .description('what others start on this host: docker, compose, ctr, podman, a kubelet')
    .option('--json', 'JSON Lines on standard output: the traces’ own lines, each with its run')
    .option('--record <dir>', 'a trace file for each run, in this folder')
    .option('--state <dir>', 'state folder')
    .action(async (flags: WatchFlags) =>
      finish(await (await import('./watchAct.ts')).watchAct(flags, outside)),
    );
  program
    .command('doctor')
    .description('what this host can and can’t do, and what to do about it')
    .option('--json', 'as JSON')
    .option('--state <dir>', 'state folder')
    .action(async (flags: { json?: boolean; state?: string }) =>
      finish(await (await import('./doctorCommand.ts')).doctorAct(flags, outside)),
    );
  addRecord(program, outside, finish);
  addVerify(program, print, finish);
  addExplain(program, print, finish);
  addExport(program, outside, finish);
  addCompare(program, outside, finish);
  addPlay(program, outside, finish);
  program
    .command('version')
    .description('print the version')
    .action(() => print(`underdock ${VERSION} (node ${process.version})`));
  return program;
}

function addRecord(program: Command, outside: Outside, finish: (code: number) => void): void {
  program
    .command('record')
    .description(
      'record what a command does to containers, however many: exit code is the command’s own, 125 our fault',
    )
    .usage('[options] -- COMMAND [ARG...]')
    .argument('<command...>', 'the command, as one would type it')
    .option('--out <file>', 'write the trace to this file too (.chain, .chain.gz)')
    .option('--record <file>', 'the same as --out')
    .addOption(
      new Option('--engine <which>', 'private: give the command a docker engine of underdock’s own').choices([
        'host',
        'private',
      ]),
    )
    .option('--title <text>', 'its title in the library; the command unless said')
    .option('-q, --quiet', 'say nothing but what goes wrong')
    .option('--state <dir>', 'state folder')
    .passThroughOptions()
    .action(async (command: string[], flags: RecordFlags) =>
      finish(await (await import('./recordAct.ts')).recordAct(command, flags, outside)),
    );
}

function addVerify(program: Command, print: (line: string) => void, finish: (code: number) => void): void {
  program
    .command('verify')
    .description('check a trace: exit code 0 whole, 3 cut off but readable, 1 broken')
    .argument('<file>', '.chain or .chain.gz, - for standard input')
    .action(async (file: string) => finish(await (await import('./verify.ts')).verify(file, print)));
}

function addExplain(program: Command, print: (line: string) => void, finish: (code: number) => void): void {
  program
    .command('explain')
    .description(
      'how a flag’s value came down to the kernel: exit code 0, 3 from a cut trace, 4 if values differ',
    )
    .argument('<file>', '.chain or .chain.gz, - for standard input')
    .option('--flag <name>', 'this flag alone: memory, cpus, pids, user, …')
    .option('--container <id>', 'this container alone')
    .option('--json', 'as JSON')
    .action(async (file: string, flags: ExplainFlags) =>
      finish(await (await import('./explainCommand.ts')).explainAct(file, flags, print)),
    );
}

function addCompare(program: Command, outside: Outside, finish: (code: number) => void): void {
  program
    .command('compare')
    .description('two to four traces side by side, by what they achieve: exit code 0, 3 if one is cut off')
    .argument('[traces...]', '.chain or .chain.gz files, ids of runs, - for standard input')
    .option('--json', 'as JSON')
    .option('--all', 'also what is the same everywhere')
    .option('--state <dir>', 'state folder, where runs are looked for by their ids')
    .action(async (traces: string[], flags: CompareFlags) =>
      finish(await (await import('./compareCommand.ts')).compareAct(traces, flags, outside)),
    );
}

function addExport(program: Command, outside: Outside, finish: (code: number) => void): void {
  program
    .command('export')
    .description(
      'make something else of a trace: what carries the run elsewhere, a trace for other tools, a text',
    )
    .argument('<file>', '.chain or .chain.gz, - for standard input')
    .requiredOption(
      '--to <format>',
      'docker, compose, pod (Kubernetes), aca (Azure), bundle (OCI); chain, html, svg, text, perfetto, otlp',
    )
    .option('--out <path>', 'file or folder; standard output unless said')
    .option('--container <id>', 'this container of the trace')
    .option('--step <n>', 'svg: the picture at this step of the story; the last one unless said')
    .option('--level <level>', 'svg: story, calls or syscalls')
    .option('--theme <theme>', 'svg: print (on white), light or dark')
    .option('--guide <file>', 'html, text: told as this guide says (made in the page, key g)')
    .option('--review', 'only say what would be shared: what is replaced, and what is told as it is')
    .option('--hide <kinds>', 'hide further texts: output, variables, images, home-paths', gather, [])
    .option('--hide-word <text>', 'hide this text wherever it stands (repeatable)', gather, [])
    .option('--keep-names', 'leave names of people and places as they were recorded')
    .action(async (file: string, flags: ExportFlags) =>
      finish(await (await import('./exportAct.ts')).exportAct(file, flags, outside)),
    );
}

function addPlay(program: Command, outside: Outside, finish: (code: number) => void): void {
  program
    .command('play')
    .description('a trace step by step in the terminal: space plays and waits, arrows step, q quits')
    .argument('<trace...>', 'a .chain or .chain.gz file, its address, the id of a run, or gallery NAME')
    .option('--level <level>', 'story, calls or syscalls')
    .option('--true-time', 'steps as far apart as they really were')
    .option('--speed <factor>', '2 = twice as fast')
    .option('--step <n>', 'begin at this step')
    .option('--no-wait', 'print all steps at once')
    .option('--state <dir>', 'state folder, where runs are looked for by their ids')
    .action(async (words: string[], flags: PlayFlags) =>
      finish(await (await import('./playAct.ts')).playAct(words, flags, outside)),
    );
}

function addUp(program: Command, outside: Outside, finish: (code: number) => void): void {
  program
    .command('up')
    .description('start the agent and print the links to its page')
    .option('--port <n>', 'port, 0 = any free one', port, 7070)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--public-url <url>', 'the address in the browser, behind a reverse proxy')
    .option('--allow-host <name>', 'a further host name that is ours (repeatable)', gather, [])
    .option('--new-links', 'new tokens: links given out before stop working', false)
    .option('--allow-mount <dir>', 'a folder that bind mounts may come from (repeatable)', gather, [])
    .option(
      '--allow-runtime <path>',
      'a program that --runtime may name by its path (repeatable)',
      gather,
      [],
    )
    .option(
      '--allow-cap <capability>',
      'a capability that --cap-add may give although it reaches the host (repeatable, ALL = any)',
      gather,
      [],
    )
    .option(
      '--allow-config',
      'let --via oci run any config.json: whoever may run is then as mighty as this agent',
      false,
    )
    .option('--state <dir>', 'state folder')
    .action(async (flags: UpFlags) => finish(await (await import('./upAct.ts')).upAct(flags, outside)));
}

/** Whether standard error may be coloured: on a terminal, unless NO_COLOR says otherwise. */
export function mayColour({ streams, env }: Outside): boolean {
  return isColourful(streams.stderr, env);
}

/** The same of standard output. */
export function mayColourOutput({ streams, env }: Outside): boolean {
  return isColourful(streams.stdout, env);
}

function isColourful(stream: NodeJS.WriteStream, env: Outside['env']): boolean {
  return pc.isColorSupported && stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

function gather(value: string, before: string[]): string[] {
  return [...before, value];
}

function port(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65_535) return value;
  throw new InvalidArgumentError('It must be a number from 0 to 65535.');
}
