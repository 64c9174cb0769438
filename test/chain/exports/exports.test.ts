import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createTimeline } from '@underdock/chain';
import { otlpOf } from '@underdock/chain/exports/otlp';
import { type PerfettoEvent, perfettoOf } from '@underdock/chain/exports/perfetto';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { RECORDED, recordedTrace } from '../../fixtures/traces.ts';

// OpenTelemetry’s own definitions.
const protos = join(
  dirname(createRequire(import.meta.url).resolve('otlp-protos/package.json')),
  'build/protos',
);
const root = new protobuf.Root();
root.resolvePath = (_, target) => join(protos, target);
const service = 'opentelemetry/proto/collector/trace/v1/trace_service.proto';
const Request = root
  .loadSync(service, { keepCase: false })
  .lookupType('opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest');

describe.each(RECORDED)('the real run %s', async (name) => {
  const { header, events } = await recordedTrace(name);
  const state = createTimeline(header, events).stateAt(events.length);
  const acts = [...state.calls];

  describe('as a trace for Perfetto', () => {
    const { traceEvents } = JSON.parse(JSON.stringify(perfettoOf(header, events))) as {
      traceEvents: PerfettoEvent[];
    };
    const slices = traceEvents.filter(({ ph }) => ph === 'X');

    it('has each act once, in the process of its layer', () => {
      const shown = traceEvents.filter(({ ph }) => ph === 'X' || ph === 'i');
      expect(shown.length).toBe(acts.length);
      const names = new Map(
        traceEvents.filter((one) => one.name === 'process_name').map(({ pid, args }) => [pid, args?.name]),
      );
      for (const { pid, cat } of shown) expect(cat?.split(',')[0]).toBe(names.get(pid));
    });

    it('has slices on each thread that lie inside each other or apart', () => {
      for (const tid of new Set(slices.map((one) => one.tid))) {
        const open: number[] = [];
        const mine = slices.filter((one) => one.tid === tid);
        mine.sort((a, b) => a.ts! - b.ts! || b.dur! - a.dur!);
        for (const { ts, dur } of mine) {
          while (open.length > 0 && open.at(-1)! <= ts!) open.pop();
          expect(ts! + dur!).toBeLessThanOrEqual(open.at(-1) ?? Number.POSITIVE_INFINITY);
          expect(dur).toBeGreaterThanOrEqual(0);
          open.push(ts! + dur!);
        }
      }
    });

    it('has an arrow for each cause, from within a slice to within a slice', () => {
      const within = (flow: PerfettoEvent) =>
        slices.some(
          ({ pid, tid, ts, dur }) =>
            pid === flow.pid && tid === flow.tid && ts! <= flow.ts! && flow.ts! <= ts! + dur!,
        );
      const begun = traceEvents.filter(({ ph }) => ph === 's');
      const ended = traceEvents.filter(({ ph }) => ph === 'f');
      expect(begun.map(({ id }) => id)).toEqual(ended.map(({ id }) => id));
      expect(new Set(begun.map(({ id }) => id)).size).toBe(begun.length);
      expect(begun.length).toBeGreaterThan(0);
      for (const flow of begun) expect(within(flow)).toBe(true);
    });
  });

  describe('as OTLP', () => {
    const request = otlpOf(header, events);
    const spans = request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((one) => one.spans));

    it('is a request as OpenTelemetry defines it, and nothing of it is unknown there', () => {
      // In OTLP’s JSON ids are hex where protobuf’s own mapping has base64.
      const json = JSON.parse(JSON.stringify(request), (key, value) =>
        /^(traceId|spanId|parentSpanId)$/.test(key) ? Buffer.from(value, 'hex').toString('base64') : value,
      );
      expect(Request.verify(Request.fromObject(json))).toBeNull();
      const back = Request.toObject(Request.fromObject(json), { longs: String, bytes: String });
      expect(back).toEqual(json);
    });

    it('has each act once, under ids that lead to each other', () => {
      expect(spans.length).toBe(acts.length);
      const ids = new Set(spans.map(({ spanId }) => spanId));
      expect(ids.size).toBe(spans.length);
      for (const { traceId, spanId, parentSpanId, links, startTimeUnixNano, endTimeUnixNano } of spans) {
        expect(traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
        expect(spanId).toMatch(/^(?!0+$)[0-9a-f]{16}$/);
        if (parentSpanId) expect(ids).toContain(parentSpanId);
        for (const link of links ?? []) expect(ids).toContain(link.spanId);
        expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano));
      }
    });

    it('tells the same failures as the trace', () => {
      const failed = acts.filter(({ failure }) => failure).length;
      expect(spans.filter(({ status }) => status?.code === 2).length).toBe(failed);
    });
  });
});
