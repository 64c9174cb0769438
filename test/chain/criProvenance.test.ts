import { containersIn, type FlagName, provenanceOf } from '@underdock/chain';
import { beforeAll, describe, expect, test } from 'vitest';
import { type RecordedTrace, recordedTrace } from '../fixtures/traces.ts';

let trace: RecordedTrace;
beforeAll(async () => {
  trace = await recordedTrace('cri-run');
});

/** The places where a flag’s value was found, each with what it is called there. */
function places(flag: FlagName): [string, string][] {
  const [line] = provenanceOf(trace.header, trace.events, { flags: [flag] });
  return (line?.steps ?? []).flatMap((step) => (step.kind === 'link' ? [[step.place, step.what]] : []));
}

describe('the way of a flag by the CRI', () => {
  test('is that of the container, and not of the sandbox that is seen before it', () => {
    const sandbox = trace.events.find(({ step }) => step === 'high-level/has-sandbox')?.container;
    expect(containersIn(trace.events).indexOf(sandbox ?? '')).toBe(1);
  });

  test('leads over the field of CreateContainer to the kernel', () => {
    const found = places('memory');
    expect(found).toContainEqual(['api', 'config.linux.resources.memoryLimitInBytes']);
    expect(found.map(([place]) => place)).toEqual(expect.arrayContaining(['flag', 'config', 'kernel']));
  });
});
