import { mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TraceEvent, type TraceHeader, verifyTrace } from '@underdock/trace';
import { createWeave, type RawRecord } from '@underdock/weave';
import { afterEach, describe, expect, it } from 'vitest';
import { type GrowingTrace, growTrace } from '../../../apps/agent/src/run/growingTrace.ts';
import type { Redactor } from '../../../apps/agent/src/run/redact.ts';
import { createTraceWriter } from '../../../apps/agent/src/run/store.ts';

const folder = mkdtempSync(join(tmpdir(), 'underdock-growing-'));
const file = join(folder, 'a.chain');
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const header: TraceHeader = {
  underdock: 1,
  id: 'a',
  title: 'a run',
  via: 'embedded',
  command: [],
  startedAt: new Date(0).toISOString(),
  clock: { monotonicNs: '0', wallMs: 0 },
  host: { kernel: '', arch: 'x86_64', cgroup: 'v2', root: true, versions: {} },
  watchers: [],
  redacted: [],
};

/** Leaves everything as it is but for what it can't do. */
const redactorThat = (refuses: (event: TraceEvent) => boolean) =>
  ({
    event: (event: TraceEvent) => {
      if (refuses(event)) throw new RangeError('the secret itself');
      return event;
    },
    takeNew: () => [],
  }) as unknown as Redactor;

function grow(redactor: Redactor, maxEvents?: number): GrowingTrace {
  return growTrace({
    ...(maxEvents ? { maxEvents } : {}),
    header,
    now: () => 10,
    createWeave,
    outside: { hostNamespaces: {} },
    redactor,
    writer: createTraceWriter(file, header),
  });
}

const log = (at: number, what: string): RawRecord => ({
  kind: 'self',
  at,
  type: 'log',
  step: 'engine/recovered',
  layer: 'engine',
  actor: { name: 'underdock' },
  data: { what },
});
// What no watcher should hand over: the weave meets an argument list that is none.
const broken = { kind: 'exec', at: 2, pid: 7, tid: 7, comm: { length: 1 }, source: 'tracepoint' };

describe('a growing trace', () => {
  it('declares a record that a fault makes nothing of, and goes on', async () => {
    const trace = grow(redactorThat(() => false));
    const span = trace.newSpan();
    const act = { step: 'low-level/create', layer: 'low-level', actor: { name: 'runc' }, span } as const;
    trace.add({ kind: 'self', at: 0, type: 'begin', ...act, data: {} });
    trace.add({ kind: 'spawned', at: 1, pid: 7, span, layer: 'low-level', actor: 'runc' });
    trace.add(broken as unknown as RawRecord);
    trace.add({ kind: 'self', at: 3, type: 'end', ...act, data: {} });
    trace.add(log(4, 'after'));
    trace.close();
    const lost = trace.events.find(({ step }) => step === 'trace/lost-records');
    expect(lost?.data).toMatchObject({ count: 1, why: expect.stringMatching(/fault in underdock/) });
    expect(trace.events.at(-1)?.data).toEqual({ what: 'after' });
    expect(await verifyTrace([readFileSync(file, 'utf8')])).toMatchObject({ state: 'whole', faults: [] });
  });

  it('does not grow without end by what engines do for a container that lives for weeks', () => {
    const trace = grow(
      redactorThat(() => false),
      100,
    );
    const of = { source: 'docker-events', name: 'dockerd', uncertaintyMs: 1, attributes: {} } as const;
    const call = { kind: 'call', source: 'uprobe', protocol: 'http', side: 'server', comm: 'x' } as const;
    for (let at = 0; at < 1000; at++) {
      trace.add({ kind: 'engine-event', at, ...of, topic: 'container exec_start', container: 'a' });
      trace.add({ ...call, at, phase: 'enter', pid: 5, tid: 5, routine: `${at}`, method: 'GET', path: '/x' });
    }
    trace.add(log(1000, 'after'));
    trace.close();
    expect(trace.events.filter(({ type }) => type !== 'end').length).toBeLessThan(160);
    expect(trace.events).toContainEqual(expect.objectContaining({ data: { what: 'after' } }));
    expect(trace.events).toContainEqual(expect.objectContaining({ step: 'trace/lost-records' }));
  });

  it('shows nothing of an event that can’t be redacted but that it is missing', () => {
    const trace = grow(redactorThat(({ data }) => data.what === 'secret'));
    trace.add(log(1, 'secret'));
    trace.add(log(2, 'after'));
    trace.close();
    expect(JSON.stringify(trace.events)).not.toContain('secret');
    expect(trace.events.map(({ step }) => step)).toEqual(['trace/lost-records', 'engine/recovered']);
  });

  it('lets go of a listener that fails, and serves the others', () => {
    const trace = grow(redactorThat(() => false));
    const heard: string[] = [];
    trace.subscribe(() => {
      throw new Error('gone');
    });
    trace.subscribe((events) => heard.push(...events.map(({ step }) => step)));
    trace.add(log(1, 'told'));
    trace.close();
    expect(heard).toEqual(['engine/recovered']);
  });
});

describe('a trace that can no longer be written', () => {
  it('goes on for those who look, who are told once what is not kept; the file is whole up to there', async () => {
    const full = () => {
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    };
    let isFull = false;
    const write = (fd: number, bytes: Uint8Array, from: number) =>
      isFull ? full() : writeSync(fd, bytes, from);
    const writer = createTraceWriter(file, header, { write });
    const plain = { header, now: () => 10, createWeave, outside: { hostNamespaces: {} } };
    const trace = growTrace({ ...plain, redactor: redactorThat(() => false), writer });
    trace.add(log(1, 'kept'));
    trace.add({ kind: 'clock', at: 5, source: 'x' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    isFull = true;
    for (const at of [6, 7]) {
      trace.add(log(at, 'only shown'));
      trace.add({ kind: 'clock', at: at + 10, source: 'x' });
      await new Promise((resolve) => setTimeout(resolve, 120));
    }
    trace.close();
    const told = trace.events.filter(({ step }) => step === 'trace/watcher-changed');
    expect(told.map(({ data }) => data.why)).toEqual([expect.stringMatching(/the disk is full.*only shown/)]);
    expect(trace.events.filter(({ data }) => data.what === 'only shown')).toHaveLength(2);
    expect(await verifyTrace([readFileSync(file, 'utf8')])).toMatchObject({ state: 'whole', events: 1 });
  });
});
