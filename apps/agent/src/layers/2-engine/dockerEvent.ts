import type { EngineEventRecord } from '@underdock/weave';

/** A line of `GET /events` (Docker Engine API). */
export interface DockerEvent {
  Type: string;
  Action: string;
  Actor?: { ID?: string; Attributes?: Record<string, string> };
  /** Nanoseconds of Unix time; beyond what a double holds, so right to a quarter of a microsecond. */
  timeNano: number;
}

/** What an event may say of itself in a trace; labels, which are among its attributes too, may not. */
const ALLOWED: Record<string, string> = {
  name: 'name',
  image: 'image',
  exitCode: 'exitCode',
  signal: 'signal',
  execID: 'execId',
  type: 'type',
  driver: 'driver',
};
const LONGEST = 300;
/** Date.now counts whole milliseconds. */
const UNCERTAINTY_MS = 1;

/**
 * An event as a record, its instant in ms of CLOCK_MONOTONIC: both clocks are read now, and an event of the future, which only a
 * step of the wall clock can make, is taken to be of now.
 */
export function readEvent(
  event: DockerEvent,
  pid: number | undefined,
  now: { wallMs: number; monotonicMs: number },
): EngineEventRecord {
  const { Type, Actor = {} } = event;
  const { ID = '', Attributes = {} } = Actor;
  // `exec_create: sh -c …` carries the command line, which may hold secrets.
  const action = event.Action.split(':', 1)[0] ?? '';
  const container = Type === 'container' ? ID : Attributes.container;
  const since = Math.max(0, now.wallMs - event.timeNano / 1e6);
  const attributes = Object.entries(ALLOWED).flatMap(([name, told]) => {
    const value = Attributes[name];
    return value === undefined ? [] : [[told, value.slice(0, LONGEST)] as const];
  });
  return {
    kind: 'engine-event',
    at: now.monotonicMs - since,
    uncertaintyMs: UNCERTAINTY_MS,
    source: 'docker-events',
    name: 'dockerd',
    ...(pid ? { pid } : {}),
    topic: `${Type} ${action}`,
    ...(container ? { container } : {}),
    attributes: Object.fromEntries(attributes),
  };
}
