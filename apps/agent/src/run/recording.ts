import type { TraceEvent } from '@underdock/trace';
import { type RawRecord, recordingOf } from '@underdock/weave';
import { type FoundSurroundings, openFoundRun } from './foundRun.ts';
import type { Relay } from './relay.ts';
import type { Run } from './runs.ts';

/** What a recording came to. */
export interface RecordingEnd {
  events: number;
  containers: number;
  /** Whether anything of a chain was seen: a client, a call, a runtime. */
  seen: boolean;
}

/** One command and what it does to the chain, as a run. The command is started by whoever asked for it, under the run’s id. */
export interface Recording {
  readonly run: Run;
  /** The command has ended: waits for what is still on its way, then closes the trace. */
  end(exitCode: number): Promise<RecordingEnd>;
}

/** How long a lagging watcher is waited for (ms). */
const SETTLE_MS = 10_000;

/** Begins to record a command that is about to be started. Throws StoreError when its trace can’t be written. */
export function openRecording(
  command: readonly string[],
  relay: Relay,
  around: FoundSurroundings,
): Recording {
  const at = Number(process.hrtime.bigint()) / 1e6;
  const run = openFoundRun({ key: around.id, at, command }, around);
  const actor = { name: (command[0]?.split('/').at(-1) || 'command').slice(0, 64) };
  const act = run.tell.begin('client/command', { argv: command }, { actor });
  let ending: Promise<RecordingEnd> | undefined;
  const take = (record: RawRecord) => {
    if (record.kind !== 'exec' || recordingOf(record) !== around.id) return run.sink.take(record);
    run.tell.spawned(record.pid, act.span, 'client', actor.name);
  };
  const leave = relay.record(around.id, {
    ...run.sink,
    take,
    // Whoever started it has gone without a word, and so has the command.
    closed: () => {
      if (!ending) run.sink.closed();
    },
  });
  const finish = async (exitCode: number) => {
    const settled = await relay.settle(SETTLE_MS);
    act.end({ exitCode });
    if (!settled) run.tell.log('trace/watcher-changed', lagging());
    leave();
    run.sink.closed();
    return summed(run.events);
  };
  void run.done.then(leave);
  return {
    run,
    end(exitCode) {
      ending ??= run.closed ? Promise.resolve(summed(run.events)) : finish(exitCode);
      return ending;
    },
  };
}

function lagging() {
  const why = `the watchers lag behind by more than ${SETTLE_MS / 1000} s: the last acts are not in this trace`;
  return { name: 'bpftrace', state: 'missing', why };
}

function summed(events: readonly TraceEvent[]): RecordingEnd {
  const containers = new Set(events.flatMap(({ container }) => container ?? []));
  // The first act is the command itself; its process and what a trace says of itself are no part of a chain either.
  const own = new Set([events[0]?.span]);
  const seen = events.some(
    ({ step, span, layer }) =>
      !step.startsWith('trace/') && !own.has(span) && layer !== 'process' && step !== 'kernel/exit',
  );
  return { events: events.length, containers: containers.size, seen };
}
