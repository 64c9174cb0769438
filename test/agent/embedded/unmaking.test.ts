import { describe, expect, it } from 'vitest';
import { Undo } from '../../../apps/agent/src/via/embedded/undo.ts';
import { Gate, settlesWithin } from '../../../apps/agent/src/via/gate.ts';

describe('taking apart', () => {
  it('goes in reverse order, whatever fails, and says what failed', async () => {
    const done: string[] = [];
    const undo = new Undo();
    const fault = new Error('busy');
    undo.add('folder', () => void done.push('folder'));
    undo.add('mount', () => {
      done.push('mount');
      throw fault;
    });
    undo.add('process', async () => void done.push('process'));
    expect(await undo.all()).toEqual([{ what: 'mount', error: fault }]);
    expect(done).toEqual(['process', 'mount', 'folder']);
  });

  it('happens once', async () => {
    let times = 0;
    const undo = new Undo();
    undo.add('thing', () => void times++);
    await undo.all();
    await undo.all();
    expect(times).toBe(1);
  });
});

describe('a gate', () => {
  it('resolves with who opened it first', async () => {
    const gate = new Gate();
    gate.open('page');
    gate.open('somebody else');
    gate.refuse(new Error('too late'));
    expect(await gate.opened).toBe('page');
  });

  it('rejects with why it will never open', async () => {
    const gate = new Gate();
    gate.refuse(new Error('stopped'));
    await expect(gate.opened).rejects.toThrow('stopped');
  });
});

describe('waiting with a limit', () => {
  it('says whether the end came in time, also an end by an error', async () => {
    expect(await settlesWithin(Promise.resolve(), 1000)).toBe(true);
    expect(await settlesWithin(Promise.reject(new Error('x')), 1000)).toBe(true);
    expect(await settlesWithin(new Promise(() => {}), 5)).toBe(false);
  });
});
