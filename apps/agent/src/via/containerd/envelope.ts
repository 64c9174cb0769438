import type { EngineEventRecord } from '@underdock/weave';
import protobuf from 'protobufjs/minimal.js';

/** Fields by number that are told of an event, and how they are written. */
type Fields = Readonly<Record<number, string>>;

/** containerd’s events (api/events/*.proto): those that speak of containers and tasks. */
const EVENTS: Readonly<Record<string, Fields>> = {
  '/containers/create': { 1: 'container', 2: 'image' },
  '/containers/update': { 1: 'container', 2: 'image' },
  '/containers/delete': { 1: 'container' },
  '/tasks/create': { 1: 'container', 2: 'bundle', 6: 'pid' },
  '/tasks/start': { 1: 'container', 2: 'pid' },
  '/tasks/exit': { 1: 'container', 2: 'id', 3: 'pid', 4: 'exitCode' },
  '/tasks/delete': { 1: 'container', 2: 'pid', 3: 'exitCode' },
  '/tasks/oom': { 1: 'container' },
  '/tasks/exec-added': { 1: 'container', 2: 'execId' },
  '/tasks/exec-started': { 1: 'container', 2: 'execId', 3: 'pid' },
  '/tasks/paused': { 1: 'container' },
  '/tasks/resumed': { 1: 'container' },
  '/images/create': { 1: 'name' },
  '/snapshot/prepare': { 1: 'key', 2: 'parent' },
};
const LONGEST = 300;

/** When an event was read, by the wall and by CLOCK_MONOTONIC, ms. */
export interface ReadAt {
  wallMs: number;
  monotonicMs: number;
}

/**
 * Reads an Envelope (containerd.services.events.v1: 1 timestamp, 2 namespace, 3 topic, 4 event). Undefined for topics that
 * are not told. Throws RangeError for bytes that are no message.
 */
export function readEnvelope(
  bytes: Uint8Array,
  pid: number | undefined,
  read: ReadAt,
): EngineEventRecord | undefined {
  const envelope = fieldsOf(bytes);
  const topic = textOf(envelope[3]);
  const told = EVENTS[topic];
  if (!told) return undefined;
  const values = fieldsOf(bytesOf(fieldsOf(bytesOf(envelope[4]))[2]));
  const attributes: Record<string, string> = { namespace: textOf(envelope[2]) };
  for (const [number, name] of Object.entries(told)) {
    const value = values[Number(number)];
    if (value !== undefined) attributes[name] = typeof value === 'number' ? String(value) : textOf(value);
  }
  const { container, ...rest } = attributes;
  const agoMs = read.wallMs - wallOf(fieldsOf(bytesOf(envelope[1])));
  return {
    kind: 'engine-event',
    at: read.monotonicMs - agoMs,
    uncertaintyMs: 1,
    source: 'containerd-events',
    name: 'containerd',
    ...(pid === undefined ? {} : { pid }),
    topic,
    ...(container ? { container } : {}),
    attributes: rest,
  };
}

/** google.protobuf.Timestamp in ms. */
function wallOf(timestamp: Record<number, Value>): number {
  return Number(timestamp[1] ?? 0) * 1000 + Number(timestamp[2] ?? 0) / 1e6;
}

type Value = Uint8Array | number;

/** The last value of each field; nested messages as their bytes. */
function fieldsOf(bytes: Uint8Array): Record<number, Value> {
  const reader = protobuf.Reader.create(bytes);
  const found: Record<number, Value> = {};
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const wire = tag & 7;
    if (wire === 2) found[tag >>> 3] = reader.bytes();
    else if (wire === 0) found[tag >>> 3] = Number(reader.int64());
    else reader.skipType(wire);
  }
  return found;
}

function bytesOf(value: Value | undefined): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array();
}

function textOf(value: Value | undefined): string {
  return new TextDecoder().decode(bytesOf(value)).slice(0, LONGEST);
}
