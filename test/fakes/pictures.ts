import { isDeepStrictEqual } from 'node:util';
import { type ChainState, type ContainerPicture, createTimeline } from '@underdock/chain';
import type { TraceEvent, TraceHeader } from '@underdock/trace';
import { LiveTrace } from '../../apps/web/src/source/liveTrace.ts';
import { RecordedTrace } from '../../apps/web/src/source/recordedTrace.ts';
import type { TraceSource } from '../../apps/web/src/source/traceSource.ts';

/** What a page makes of a trace that comes over the agent’s socket, in the arrays that are given. */
export function heldLive(header: TraceHeader, arrays: readonly (readonly TraceEvent[])[]) {
  const source = new LiveTrace('run', () => {}, { expected: () => 0, onClose: () => {} });
  source.receive('header', sent({ run: 'run', header }));
  const timeline = createTimeline(source.snapshot().header!);
  let taken = 0;
  for (const [index, events] of arrays.entries()) {
    source.receive('events', sent({ run: 'run', events, closed: index === arrays.length - 1 }));
    timeline.append(source.snapshot().events.slice(taken));
    taken = source.snapshot().events.length;
  }
  return timeline;
}

/** What a page makes of a trace in a file. */
export async function heldFile(bytes: Uint8Array) {
  const stream = () => new Blob([Uint8Array.from(bytes)]).stream();
  const source: TraceSource & { done: Promise<void> } = new RecordedTrace({
    name: 'a.chain',
    open: async () => stream(),
  });
  await source.done;
  const { header, events, problem } = source.snapshot();
  if (!header || problem) throw new Error(`the file is not whole: ${problem?.message}`);
  return createTimeline(header, events);
}

type Held = ReturnType<typeof heldLive>;

/**
 * The first thing in which two pages differ, in words: the events, the told steps, or the state at the end or at any told
 * step of any level. Undefined = in nothing.
 */
export function difference(one: Held, other: Held): string | undefined {
  if (!isDeepStrictEqual(one.events, other.events)) return 'their events differ';
  const stops = new Set([one.events.length]);
  for (const level of ['story', 'calls', 'syscalls'] as const) {
    const [told, toldToo] = [one.withLevel(level).steps, other.withLevel(level).steps];
    if (!isDeepStrictEqual(told.map(plainStep), toldToo.map(plainStep))) return `steps differ (${level})`;
    for (const { position } of told) stops.add(position);
  }
  const before: ChainState[] = [];
  for (const position of [...stops].sort((a, b) => a - b)) {
    const states = [one.stateAt(position), other.stateAt(position)] as const;
    const what = differentPart(states[0], states[1], before);
    if (what) return `${what} differs after ${position} events`;
    before.splice(0, 2, ...states);
  }
  return undefined;
}

/** Lists and maps of ours keep what they hold private: they are compared by what they give. */
function differentPart(
  one: ChainState,
  other: ChainState,
  before: readonly ChainState[],
): string | undefined {
  if (!isDeepStrictEqual(plainState(one), plainState(other))) return 'the state';
  if (one.calls.length !== other.calls.length) return 'the number of calls';
  for (let index = 0; index < one.calls.length; index++) {
    const [call, twin] = [one.calls.at(index), other.calls.at(index)];
    // What has not changed in either since it was compared is still the same.
    if (call === before[0]?.calls.at(index) && twin === before[1]?.calls.at(index)) continue;
    if (!isDeepStrictEqual(call, twin)) return `call ${index}`;
    if (call?.span && one.spans.get(call.span) !== other.spans.get(call.span))
      return `the place of ${call.span}`;
  }
  for (const [id, picture] of Object.entries(one.containers)) {
    const twin = other.containers[id]!;
    if (picture === before[0]?.containers[id] && twin === before[1]?.containers[id]) continue;
    if (!isDeepStrictEqual(plainPicture(picture), plainPicture(twin))) return `container ${id}`;
    for (const pid of pidsOf(one)) {
      if (!isDeepStrictEqual(picture.processes.get(pid), twin.processes.get(pid))) return `process ${pid}`;
    }
  }
  return undefined;
}

const pids = new WeakMap<object, readonly string[]>();

function pidsOf({ header, last }: ChainState): readonly string[] {
  const known = pids.get(header) ?? [];
  const pid = last?.actor.pid ?? last?.data.pid;
  const next = pid === undefined || known.includes(String(pid)) ? known : [...known, String(pid)];
  pids.set(header, next);
  return next;
}

function plainState({ calls, spans, containers, ...rest }: ChainState) {
  return { ...rest, calls: calls.length, spans: spans.size, containers: Object.keys(containers) };
}

function plainPicture({ processes, ...picture }: ContainerPicture) {
  return { ...picture, processes: processes.size };
}

function plainStep({ members, ...step }: Held['steps'][number]): object {
  return { ...step, members: [...members].map((member) => member.key) };
}

/** As the socket carries it. */
function sent<T>(message: T): T {
  return JSON.parse(JSON.stringify(message)) as T;
}
