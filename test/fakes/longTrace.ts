import { gzipSync } from 'node:zlib';
import { encodeLine, type TraceEvent, type TraceHeader } from '@underdock/trace';
import { recordedTrace } from '../fixtures/traces.ts';

/** Which real runs follow one another on a busy host. */
const RUNS = [
  'docker-run',
  'docker-start-three',
  'docker-oom',
  'cri-run',
  'docker-no-such-command',
  'portable-watch',
];
/** Between the begins of two runs, ms: some overlap. */
const APART_MS = 1500;

/** A long watch of a busy host, made of real runs one after the other, each with ids, pids and spans of its own. */
export async function longTrace(count: number): Promise<{ header: TraceHeader; events: TraceEvent[] }> {
  const runs = await Promise.all(RUNS.map(recordedTrace));
  const events: TraceEvent[] = [];
  for (let time = 0; events.length < count; time++) {
    const own = runs[time % runs.length]!.events;
    for (const event of own) events.push(moved(event, time));
  }
  events.sort((a, b) => a.at - b.at);
  events.length = count;
  for (const [index, event] of events.entries()) event.seq = index + 1;
  const header: TraceHeader = { ...runs[0]!.header, id: 'long-watch', title: 'a busy host', via: 'watch' };
  return { header, events };
}

/** The file of a trace, packed as the agent packs it. */
export function packed({ header, events }: { header: TraceHeader; events: readonly TraceEvent[] }): Buffer {
  return gzipSync([header, ...events].map(encodeLine).join(''));
}

function moved(event: TraceEvent, time: number): TraceEvent {
  const span = (name: string) => `r${time}.${name}`;
  const id = (name: string) => name.replace(/^[0-9a-f]{8}/, () => time.toString(16).padStart(8, '0'));
  const { data, actor } = event;
  const pid = (value: unknown) => (typeof value === 'number' ? value + time * 40_000 : value);
  return {
    ...event,
    at: event.at + time * APART_MS,
    actor: { ...actor, ...(actor.pid === undefined ? {} : { pid: actor.pid + time * 40_000 }) },
    ...(event.span === undefined ? {} : { span: span(event.span) }),
    ...(event.cause === undefined ? {} : { cause: event.cause.map(span) }),
    ...(event.container === undefined ? {} : { container: id(event.container) }),
    data: data.pid === undefined ? data : { ...data, pid: pid(data.pid) },
  };
}
