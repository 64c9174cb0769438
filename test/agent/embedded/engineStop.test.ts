import { describe, expect, it } from 'vitest';
import { stopContainer, stopSignal } from '../../../apps/agent/src/via/embedded/engineStop.ts';
import type { LowLevelRuntime } from '../../../apps/agent/src/via/embedded/lowLevel/runtime.ts';
import { silentTell } from '../../../apps/agent/src/via/embedded/lowLevel/silentTell.ts';

/** A process that ends on the given signals; `kill` is refused for one that has ended, as runc does. */
function living(endsOn: string[]) {
  const signals: string[] = [];
  let end: () => void = () => {};
  const exited = new Promise<void>((resolve) => {
    end = resolve;
  });
  const runtime = {
    async kill(_id: string, signal: string) {
      signals.push(signal);
      if (endsOn.includes(signal)) end();
      if (signal === 'SIGUSR1') throw new Error('process already finished');
    },
  } as unknown as LowLevelRuntime;
  return {
    signals,
    end,
    container: { id: 'c', pid: 1, runtime, exited, tell: silentTell, clientSpan: 's1' },
  };
}

describe('stopping', () => {
  it('asks, and leaves it at that when the process ends', async () => {
    const { container, signals } = living(['SIGTERM', 'SIGKILL']);
    await stopContainer(container, 'SIGTERM', 1000);
    expect(signals).toEqual(['SIGTERM']);
  });

  it('kills what does not end within its grace time', async () => {
    const { container, signals } = living(['SIGKILL']);
    await stopContainer(container, 'SIGTERM', 10);
    expect(signals).toEqual(['SIGTERM', 'SIGKILL']);
  });

  it('kills at once without a grace time', async () => {
    const { container, signals } = living(['SIGKILL']);
    await stopContainer(container, 'SIGTERM', 0);
    expect(signals).toEqual(['SIGKILL']);
  });

  it('takes no offence at a process that ended just before', async () => {
    const { container, end } = living([]);
    setTimeout(end, 20);
    await stopContainer(container, 'SIGUSR1', 1000);
  });

  it('fails when a process that lives can’t be signalled', async () => {
    const { container } = living([]);
    await expect(stopContainer(container, 'SIGUSR1', 1000)).rejects.toThrow('already finished');
  });
});

describe('the signal to stop with', () => {
  it('is the wanted one, else the image’s, else SIGTERM', () => {
    expect(stopSignal('SIGINT', 'SIGQUIT')).toBe('SIGINT');
    expect(stopSignal(undefined, 'SIGQUIT')).toBe('SIGQUIT');
    expect(stopSignal(undefined, 'nonsense')).toBe('SIGTERM');
    expect(stopSignal(undefined, undefined)).toBe('SIGTERM');
  });

  it('is refused when it does not exist', () => {
    expect(() => stopSignal('SIGNOPE', undefined)).toThrow(expect.objectContaining({ code: 'bad-signal' }));
  });
});
