import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { sentenceForStep } from '@underdock/story';
import type { RunRequest } from '@underdock/trace';
import { AgentError } from '../error.ts';
import { VERSION } from './about.ts';
import { findAgent } from './agentFile.ts';
import { chooseVia } from './chooseVia.ts';
import { type Carrier, carryHere } from './commandedRun.ts';
import { mayColour, type Outside } from './program.ts';
import { carryThere } from './remoteCarrier.ts';
import { runContainer } from './run.ts';
import type { RunFlags } from './runFlags.ts';
import { checkRecord, requestFrom } from './runRequest.ts';
import { openStateFolder, stateFolder } from './stateFolder.ts';

/** So many command lines may run side by side without an agent. */
const MAX_BESIDE = 32;

/** `underdock run`. Returns the exit code; throws errors that are 125. */
export async function runAct(
  image: string | undefined,
  command: string[],
  flags: RunFlags,
  outside: Outside,
): Promise<number> {
  const { streams, env } = outside;
  const quiet = flags.quiet === true || flags.json === true;
  const say = (line: string) => quiet || streams.stderr.write(`underdock: ${line}\n`);
  checkRecord(flags.record);
  const asked = requestFrom(image, command, flags, outside);
  const choice = asked.via ? undefined : await chooseVia(env, asked);
  if (choice) say(choice.says);
  const request: RunRequest = choice ? { ...asked, via: choice.via } : asked;
  const folder = stateFolder({ flag: flags.state, env, uid: outside.uid });
  const carrier = await findCarrier(folder, request, outside, say);
  try {
    return await runContainer(
      request,
      {
        json: flags.json === true,
        quiet,
        record: flags.record,
        colour: mayColour(outside),
        sentences: (step, state) => sentenceForStep(step, state).text,
      },
      carrier,
      streams,
    );
  } finally {
    await carrier.close();
  }
}

async function findCarrier(
  folder: string,
  request: RunRequest,
  outside: Outside,
  say: (line: string) => void,
): Promise<Carrier> {
  const agent = await findAgent(folder);
  if (agent?.version === VERSION) {
    say(`in the agent at ${agent.url}`);
    return carryThere(agent);
  }
  if (agent)
    say(`the agent at ${agent.url} is version ${agent.version}, this is ${VERSION}: running without it`);
  // Fail for what needs an agent before anything is started.
  if (request.detach) {
    throw new AgentError('no-agent', '-d needs a running agent, which looks after the container', {
      remedy: 'start one in another terminal: underdock up',
    });
  }
  return carryHere(await openBeside(openStateFolder(folder), outside));
}

/**
 * The state folder belongs to one process at a time. Where another command line has it, one of the folders inside it serves: they
 * are used again and again, so that what a crash leaves in one is cleaned up by the next who gets it.
 */
export async function openBeside(folder: string, outside: Outside): ReturnType<Outside['openRuns']> {
  // Whoever types -v may read that folder himself: this process has only his rights.
  const allowedMounts = ['/'];
  for (let beside = 0; ; beside++) {
    const stateDir = beside === 0 ? folder : join(folder, 'beside', String(beside));
    if (beside > 0) mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    try {
      return await outside.openRuns({ stateDir, allowedMounts });
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'state-in-use' || beside >= MAX_BESIDE) throw error;
    }
  }
}
