import { randomBytes } from 'node:crypto';
import type { DoctorReport } from '@underdock/trace';
import { AgentError } from '../error.ts';
import { openLibrary } from '../library/library.ts';
import type { Runs } from '../run/runs.ts';
import type { Access } from '../server/access.ts';
import { type AgentServerOptions, createAgentServer, probePort } from '../server/agentServer.ts';
import { outsideDoors, ownDoor } from '../server/doors.ts';
import { createFace, isLoopback } from '../server/face.ts';
import { PAGE_FOLDER, VERSION } from './about.ts';
import { askHealth, findAgent, writeAgentFile } from './agentFile.ts';
import { stateError } from './stateFolder.ts';
import { keptAccess } from './tokensFile.ts';

export interface UpOptions {
  port: number;
  host: string;
  publicUrl?: string | undefined;
  allowHosts: string[];
  stateDir: string;
  /** New tokens: links that were given out before stop working. */
  newLinks?: boolean;
  openRuns: () => Promise<
    {
      runs: Runs;
      close(): Promise<void>;
    } & Partial<Pick<AgentServerOptions, 'prepareConfig' | 'privateDocker'>>
  >;
  doctor: () => Promise<DoctorReport>;
  /** Standard output: where the links go. */
  print: (line: string) => void;
  /** Standard error. */
  log: (line: string) => void;
}

/** A running agent. */
export interface RunningAgent {
  /** Stops every run, says goodbye to every client, takes the agent file back. */
  close(): Promise<void>;
}

/** `underdock up`: serves the page and the API and prints its two links. Throws AgentError, RunError. */
export async function up(options: UpOptions): Promise<RunningAgent> {
  const face = createFace(options);
  await refuseSecond(options);
  const access = inState(options, () => keptAccess(options.stateDir, options.newLinks === true));
  const instance = randomBytes(8).toString('hex');
  await refuseTakenPort(options);
  const { runs, close: closeRuns, prepareConfig, privateDocker } = await options.openRuns();
  const library = libraryOf(runs, options);
  const listening = { host: options.host, port: options.port, publicUrl: options.publicUrl };
  const server = createAgentServer({
    runs,
    library,
    access,
    face,
    stateDir: options.stateDir,
    pageFolder: PAGE_FOLDER,
    doctor: options.doctor,
    outsideDoors: () => outsideDoors(listening),
    ...(prepareConfig ? { prepareConfig } : {}),
    ...(privateDocker ? { privateDocker } : {}),
    health: { version: VERSION, instance },
    log: options.log,
  });
  const port = await server.listen(options.port, options.host).catch(async (error) => {
    library.close();
    await closeRuns();
    throw error;
  });
  listening.port = port;
  const url = ownDoor(listening);
  const { pid } = process;
  const about = { url, token: access.drive, pid, instance, version: VERSION };
  const takeBack = inState(options, () => writeAgentFile(options.stateDir, about));
  tellLinks(url, access, options);
  return {
    async close() {
      takeBack();
      await closeRuns();
      await server.close();
      library.close();
    },
  };
}

function inState<T>({ stateDir }: UpOptions, write: () => T): T {
  try {
    return write();
  } catch (cause) {
    throw stateError(stateDir, cause);
  }
}

function stillRuns(runs: Runs, id: string) {
  const run = runs.get(id);
  return run && !run.closed ? run.summary() : undefined;
}

function libraryOf(runs: Runs, { stateDir }: UpOptions) {
  return openLibrary({
    stateDir,
    growing: (id) => stillRuns(runs, id),
    forget: (id) => runs.forget(id),
  });
}

/** Says so before anything is started, and with its URL if the port is another underdock's. */
async function refuseTakenPort({ port, host }: UpOptions): Promise<void> {
  if (port === 0) return;
  const url = ownDoor({ host, port });
  try {
    await probePort(port, host);
  } catch (error) {
    const taken = error instanceof AgentError && error.code === 'port-taken';
    if (!taken || !(await askHealth(url))) throw error;
    throw new AgentError('port-taken', `${error.message}: another underdock, at ${url}`, {
      remedy: 'use that one, or choose another port with --port N (0 = any free one)',
      exitCode: 1,
      cause: error,
    });
  }
}

async function refuseSecond(options: UpOptions): Promise<void> {
  const running = await findAgent(options.stateDir);
  if (running) {
    throw new AgentError(
      'already-running',
      `underdock is running already at ${running.url} (pid ${running.pid})`,
      {
        remedy: `use that one, or give this one its own state with --state DIR`,
        exitCode: 1,
      },
    );
  }
}

function tellLinks(url: string, access: Access, options: UpOptions): void {
  const seen = options.publicUrl === undefined ? url : options.publicUrl.replace(/\/*$/, '/');
  options.print(`underdock ${VERSION} is ready`);
  options.print(`  drive (may run, stop, remove):  ${seen}?token=${access.drive}`);
  options.print(`  watch (may only look):          ${seen}?token=${access.watch}`);
  if (!isLoopback(options.host)) {
    options.log(`underdock listens on ${options.host}: whoever reaches its port and has a link can use it`);
  }
}
