import { LAYERS, type TraceEvent, type TraceHeader } from '@underdock/trace';
import { type ExportedSpan, spansOf } from './spans.ts';

/** opentelemetry.proto.trace.v1: Span.SpanKind, Status.StatusCode. */
const INTERNAL = 1;
const FAILED = 2;

/**
 * A run as OTLP’s ExportTraceServiceRequest in JSON (ids in hex, 64-bit numbers as text), as Jaeger and collectors take it: a
 * service for each layer, the nearest cause as parent, further causes as links.
 */
export function otlpOf(header: TraceHeader, events: readonly TraceEvent[]) {
  const spans = spansOf(header, events);
  const traceId = hash(header.id, header.startedAt);
  const layers = LAYERS.filter((layer) => spans.some((span) => span.layer === layer));
  return {
    resourceSpans: layers.map((layer) => ({
      resource: {
        attributes: attributes({
          'service.name': layer,
          'service.namespace': 'underdock',
          'host.arch': header.host.arch,
          'underdock.run': header.id,
          'underdock.title': header.title,
          'underdock.via': header.via,
        }),
      },
      scopeSpans: [
        {
          scope: { name: 'underdock' },
          spans: spans
            .filter((span) => span.layer === layer)
            .map((span) => spanOf(span, traceId, header.clock.wallMs)),
        },
      ],
    })),
  };
}

function spanOf(span: ExportedSpan, traceId: string, wallMs: number) {
  const [parent, ...others] = span.causes;
  return {
    traceId,
    spanId: spanId(span.id),
    ...(parent === undefined ? {} : { parentSpanId: spanId(parent) }),
    name: span.name,
    kind: INTERNAL,
    startTimeUnixNano: nanos(wallMs, span.beginAt),
    endTimeUnixNano: nanos(wallMs, span.endAt),
    attributes: attributes({ 'underdock.step': span.step, 'underdock.actor': span.actor, ...span.details }),
    ...(others.length > 0 ? { links: others.map((cause) => ({ traceId, spanId: spanId(cause) })) } : {}),
    ...(span.failure ? { status: { code: FAILED, message: span.failure } } : {}),
  };
}

function attributes(values: Readonly<Record<string, string | number | boolean>>) {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }));
}

/** opentelemetry.proto.common.v1: AnyValue. */
function anyValue(value: string | number | boolean) {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** ns since 1970 as text: they are more than a double holds. */
function nanos(wallMs: number, at: number): string {
  return String(BigInt(Math.round(wallMs * 1000)) * 1000n + BigInt(Math.round(at * 1e6)));
}

/** Eight bytes that are never all zero. */
function spanId(id: number): string {
  return id.toString(16).padStart(16, '0');
}

/** Sixteen bytes that stay the same for the same run: FNV-1a, 32 bits at a time. */
function hash(...words: string[]): string {
  const text = words.join(' ');
  return [0, 1, 2, 3]
    .map((salt) => {
      let code = 0x811c9dc5 ^ salt;
      for (let i = 0; i < text.length; i++) code = Math.imul(code ^ text.charCodeAt(i), 0x01000193);
      return (code >>> 0).toString(16).padStart(8, '0');
    })
    .join('');
}
