import type { SelfRecord } from '@underdock/weave';
import { describe, expect, test } from 'vitest';
import { CriCalls } from '../../../packages/weave/src/sort/criCalls.ts';

const POD = 'a'.repeat(64);
const OWN = 'b'.repeat(64);

function told(type: 'begin' | 'end', step: string, span: string, more: Partial<SelfRecord> = {}): SelfRecord {
  const actor = { name: 'underdock as kubelet' };
  return { kind: 'self', at: 0, type, step, layer: 'engine', actor, span, data: {}, ...more };
}

/** A call and the runtime’s act for it, `c1` and `a1` of `1`. */
function begin(calls: CriCalls, n: string, act: string | undefined, container?: string): void {
  const about = container ? { container } : {};
  calls.sent(told('begin', 'engine/call', `c${n}`, about));
  if (act) calls.sent(told('begin', act, `a${n}`, { ...about, cause: [`c${n}`] }));
}

function end(calls: CriCalls, n: string, act: string | undefined, id?: string): void {
  if (act) calls.sent(told('end', act, `a${n}`, { cause: [`c${n}`], data: id ? { id } : {} }));
  calls.sent(told('end', 'engine/call', `c${n}`));
}

describe('what is done for a container', () => {
  test('of which nobody has heard is done for the call that makes something', () => {
    const calls = new CriCalls();
    begin(calls, '1', 'high-level/run-sandbox');
    expect(calls.causeOf(POD)).toBe('a1');
    end(calls, '1', 'high-level/run-sandbox', POD);
    begin(calls, '2', 'high-level/create-container');
    expect(calls.causeOf(POD)).toBe('a1');
    expect(calls.causeOf(OWN)).toBe('a2');
  });

  test('is done for the call that names it, whatever else is under way', () => {
    const calls = new CriCalls();
    begin(calls, '1', 'high-level/start-container', OWN);
    begin(calls, '2', 'high-level/stop-sandbox', POD);
    expect(calls.causeOf(OWN)).toBe('a1');
    expect(calls.causeOf(POD)).toBe('a2');
  });

  test('is done for a call that does something before one that asks', () => {
    const calls = new CriCalls();
    begin(calls, '1', 'high-level/start-container', OWN);
    begin(calls, '2', undefined, OWN);
    expect(calls.causeOf(OWN)).toBe('a1');
    end(calls, '1', 'high-level/start-container');
    expect(calls.causeOf(OWN)).toBe('c2');
  });

  test('when nobody asks for anything is done for what was asked last', () => {
    const calls = new CriCalls();
    begin(calls, '1', 'high-level/start-container', OWN);
    end(calls, '1', 'high-level/start-container');
    expect(calls.causeOf(OWN)).toBe('a1');
    expect(calls.causeOf(POD)).toBeUndefined();
  });
});
