import protobuf from 'protobufjs/minimal.js';
import { expect, it } from 'vitest';
import { readEnvelope } from '../../../../apps/agent/src/via/containerd/envelope.ts';

const { Writer } = protobuf;
const READ = { wallMs: 1_700_000_000_500, monotonicMs: 9000 };

function envelope(topic: string, event: Uint8Array): Uint8Array {
  const timestamp = Writer.create().uint32(8).int64(1_700_000_000).uint32(16).int32(250_000_000).finish();
  const any = Writer.create().uint32(10).string('containerd.events.X').uint32(18).bytes(event).finish();
  const whole = Writer.create()
    .uint32(10)
    .bytes(timestamp)
    .uint32(18)
    .string('moby')
    .uint32(26)
    .string(topic);
  return whole.uint32(34).bytes(any).finish();
}

it('reads who has ended, how, and when by the agent’s own clock', () => {
  const exit = Writer.create().uint32(10).string('abc').uint32(18).string('abc').uint32(24).uint32(77);
  const bytes = envelope('/tasks/exit', exit.uint32(32).uint32(137).finish());
  expect(readEnvelope(bytes, 5, READ)).toEqual({
    kind: 'engine-event',
    at: 8750,
    uncertaintyMs: 1,
    source: 'containerd-events',
    name: 'containerd',
    pid: 5,
    topic: '/tasks/exit',
    container: 'abc',
    attributes: { namespace: 'moby', id: 'abc', pid: '77', exitCode: '137' },
  });
});

it('tells that a container came to the end of its memory', () => {
  const bytes = envelope('/tasks/oom', Writer.create().uint32(10).string('abc').finish());
  expect(readEnvelope(bytes, undefined, READ)).toMatchObject({ topic: '/tasks/oom', container: 'abc' });
});

it('passes over what nobody asked for, and throws for what is no message', () => {
  expect(readEnvelope(envelope('/namespaces/create', new Uint8Array()), 5, READ)).toBeUndefined();
  expect(() => readEnvelope(Uint8Array.from([0x0a, 0xff]), 5, READ)).toThrow(RangeError);
});
