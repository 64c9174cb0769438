import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { EventsMessage, HeaderMessage } from '@underdock/trace';
import { writeNote } from '../library/traceNotes.ts';
import type { OpenedRuns } from '../run/openRuns.ts';
import type { RecordingEnd } from '../run/recording.ts';
import type { AgentRecord } from './agentFile.ts';
import { followRun, type RunListeners } from './commandedRun.ts';
import { connect, createApi, tell } from './remoteCarrier.ts';

type Hears = Pick<RunListeners, 'header' | 'events'>;

/** A recording that has begun: the command may be started now, under its id. */
export interface BegunRecording {
  readonly id: string;
  /** What the command is to have in its environment beside what there is. */
  readonly env: Record<string, string>;
  /** What to start in place of these words, so that they are watched. */
  wrap(argv: readonly string[]): string[];
  /** The command has ended; resolves when all of the trace has been heard. */
  end(exitCode: number): Promise<RecordingEnd>;
  entitle(title: string): Promise<void>;
  /** Nothing was seen: it is not kept. */
  discard(): Promise<void>;
}

/** Records commands, in a running agent or in this process. */
export interface Recorder {
  /** Begins to record; with `engine` the command gets a private one. */
  begin(command: readonly string[], hears: Hears, engine?: 'private'): Promise<BegunRecording>;
  /** Why the kernel’s acts are not seen, or not as well as they could be. */
  readonly limit: string | undefined;
  close(): Promise<void>;
}

type Opened = Pick<OpenedRuns, 'runs' | 'close'> & Partial<Pick<OpenedRuns, 'watch' | 'privateDocker'>>;

/** Records in this very process. */
export function recordHere({ runs, watch, privateDocker, close }: Opened): Recorder {
  return {
    limit: watch?.state.why,
    close,
    async begin(command, hears, engine) {
      if (!runs.record) throw new Error('these runs record nothing');
      const socket = engine && (await privateDocker?.());
      const recording = await runs.record(command);
      const { run } = recording;
      const tellRest = followRun(run, hears);
      return {
        id: run.id,
        env: dockerHost(socket),
        wrap: (argv) => watch?.wrap(argv) ?? [...argv],
        async end(exitCode) {
          const end = await recording.end(exitCode);
          tellRest();
          return end;
        },
        entitle: async (title) => writeNote(dirname(run.file), run.id, { title, notes: '', tags: [] }),
        discard: async () => rmSync(run.file, { force: true }),
      };
    },
  };
}

/** Records in the agent of the same user, so that it shows in its page. Throws AgentError. */
export async function recordThere(agent: AgentRecord): Promise<Recorder> {
  const api = createApi(agent);
  const socket = await connect(agent);
  return {
    limit: undefined,
    close: async () => void socket.disconnect(),
    async begin(command, hears, engine) {
      const wanted = { command, ...(engine ? { engine } : {}) };
      const answer = (await api('POST', 'recordings', wanted)) as { id: string; socket?: string };
      const { id } = answer;
      const heard = new Promise<void>((resolve, reject) => {
        socket.on('header', ({ run, header }: HeaderMessage) => run === id && hears.header(header));
        socket.on('events', ({ run, events, closed }: EventsMessage) => {
          if (run !== id) return;
          hears.events(events);
          if (closed) resolve();
        });
        socket.once('disconnect', () => reject(new Error('the running agent has gone')));
      });
      heard.catch(() => {});
      await tell(socket, 'follow', { run: id, fromSeq: 1 });
      return {
        id,
        env: dockerHost(answer.socket),
        wrap: (argv) => [...argv],
        async end(exitCode) {
          const end = (await api('POST', `recordings/${id}/end`, { exitCode })) as RecordingEnd;
          await heard;
          return end;
        },
        entitle: async (title) => void (await api('PATCH', `library/${id}`, { title })),
        async discard() {
          const { trash } = (await api('DELETE', `library/${id}`)) as { trash: string };
          await api('DELETE', `trash/${trash}`);
        },
      };
    },
  };
}

function dockerHost(socket: string | undefined): Record<string, string> {
  return socket === undefined ? {} : { DOCKER_HOST: `unix://${socket}` };
}
