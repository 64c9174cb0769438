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
  begin(command: readonly string[], hears: Hears): Promise<BegunRecording>;
  /** Why the kernel’s acts are not seen, or not as well as they could be. */
  readonly limit: string | undefined;
  close(): Promise<void>;
}

type Opened = Pick<OpenedRuns, 'runs' | 'close'> & Partial<Pick<OpenedRuns, 'watch'>>;

/** Records in this very process. */
export function recordHere({ runs, watch, close }: Opened): Recorder {
  return {
    limit: watch?.state.why,
    close,
    async begin(command, hears) {
      if (!runs.record) throw new Error('these runs record nothing');
      const recording = await runs.record(command);
      const { run } = recording;
      const tellRest = followRun(run, hears);
      return {
        id: run.id,
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
    async begin(command, hears) {
      const { id } = (await api('POST', 'recordings', { command })) as { id: string };
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
