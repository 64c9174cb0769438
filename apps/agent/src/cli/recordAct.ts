import { type TraceEvent, type TraceHeader, traceNoteSchema } from '@underdock/trace';
import { AgentError } from '../error.ts';
import type { RecordingEnd } from '../run/recording.ts';
import { VERSION } from './about.ts';
import { findAgent } from './agentFile.ts';
import type { Outside } from './program.ts';
import { checkProgram, runRecorded } from './recordedCommand.ts';
import { type Recorder, recordHere, recordThere } from './recorder.ts';
import { openBeside } from './runAct.ts';
import { checkRecord } from './runRequest.ts';
import { openStateFolder, stateFolder } from './stateFolder.ts';
import { record } from './traceFile.ts';

export interface RecordFlags {
  out?: string;
  record?: string;
  title?: string;
  engine?: 'host' | 'private';
  quiet?: boolean;
  state?: string;
}

/** `underdock record -- COMMAND`. Returns the command’s own exit code; throws errors that are 125, 126 or 127. */
export async function recordAct(
  command: readonly string[],
  flags: RecordFlags,
  outside: Outside,
): Promise<number> {
  const { streams, cwd, env } = outside;
  const complain = (line: string) => void streams.stderr.write(`underdock: ${line}\n`);
  const say = flags.quiet ? () => {} : complain;
  const out = flags.out ?? flags.record;
  checkRecord(out);
  checkTitle(flags.title);
  checkProgram(command[0] ?? '', outside);
  const recorder = await findRecorder(flags, outside, say);
  let file = out === undefined ? undefined : record(out);
  try {
    const hears = {
      header: (header: TraceHeader) => file?.write([header]),
      events: (events: readonly TraceEvent[]) => file?.write(events),
    };
    const begun = await recorder.begin(command, hears, flags.engine === 'private' ? 'private' : undefined);
    say('recording (what the command does to containers)');
    const exitCode = await runRecorded({
      command,
      id: begun.id,
      wrap: begun.wrap,
      cwd,
      env: { ...env, ...begun.env },
    });
    const end = await begun.end(exitCode);
    const unwritten = await file?.close();
    file = undefined;
    if (unwritten) complain(`${unwritten.message}\n  ${unwritten.remedy}`);
    if (!end.seen) await begun.discard();
    else if (flags.title) await begun.entitle(flags.title);
    for (const line of cameTo(end, begun.id, out, recorder.limit)) say(line);
    return unwritten ? unwritten.exitCode : exitCode;
  } finally {
    await file?.close();
    await recorder.close();
  }
}

/** The library takes it only when the command has ended: what it refuses is to be known before. */
function checkTitle(title: string | undefined): void {
  const { error } = traceNoteSchema.shape.title.safeParse(title);
  if (error) {
    throw new AgentError('bad-flag', `--title: ${error.issues[0]?.message}`, {
      remedy: 'give a short line; longer words about a trace are its notes, in the page',
    });
  }
}

function cameTo(end: RecordingEnd, id: string, out: string | undefined, limit: string | undefined): string[] {
  if (!end.seen) {
    return [
      'nothing of a chain was seen: the command used no engine, no runtime and no client that underdock knows',
      ...(limit ? [`  ${limit}`] : []),
    ];
  }
  const containers = `${end.containers} ${end.containers === 1 ? 'container' : 'containers'}`;
  return [`recorded ${containers} in ${end.events} events: ${out ?? id}${out ? '' : ' in the library'}`];
}

async function findRecorder(
  flags: RecordFlags,
  outside: Outside,
  say: (line: string) => void,
): Promise<Recorder> {
  const folder = stateFolder({ flag: flags.state, env: outside.env, uid: outside.uid });
  const agent = await findAgent(folder);
  // Without root it is strace that watches, and that only what its own process starts.
  if (agent?.version === VERSION && outside.uid === 0) {
    say(`in the agent at ${agent.url}`);
    return recordThere(agent);
  }
  return recordHere(await openBeside(openStateFolder(folder), outside));
}
