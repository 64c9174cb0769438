import { describe, expect, it, vi } from 'vitest';
import { Course, failedOutcome } from '../../../apps/agent/src/via/course.ts';
import { EarlyInput } from '../../../apps/agent/src/via/earlyInput.ts';

const endingOf = (ask: () => Promise<void>, done: Promise<unknown> = new Promise(() => {})) => ({
  done,
  ask: vi.fn(ask),
  kill: vi.fn(async () => {}),
});

describe('the course of a run', () => {
  it('is broken off where it waits for its start, and the stop waits until it is over', async () => {
    const course = new Course();
    const held = course.hold({ span: 's1', end: vi.fn(), fail: expect.unreachable, progress: vi.fn() });
    const ending = endingOf(
      () => expect.unreachable(),
      held.catch(() => {}),
    );
    await course.stop({}, ending);
    await expect(held).rejects.toMatchObject({ code: 'stopped' });
    expect(course.signal.aborted).toBe(true);
    expect(course.runs).toBe(false);
  });

  it('asks a running container once, and kills it for who will not wait', async () => {
    const course = new Course();
    course.start();
    let over = () => {};
    const ending = endingOf(
      () =>
        new Promise((resolve) => {
          over = resolve;
        }),
    );
    const first = course.stop({}, ending);
    const second = course.stop({ graceMs: 0 }, ending);
    expect(ending.kill).toHaveBeenCalledOnce();
    await Promise.resolve();
    over();
    await Promise.all([first, second]);
    expect(ending.ask).toHaveBeenCalledOnce();
    expect(course.isStopped).toBe(true);
  });

  it('may be stopped again where a stop did not work', async () => {
    const course = new Course();
    course.start();
    const refused = new Error('no such signal');
    await expect(
      course.stop(
        {},
        endingOf(() => Promise.reject(refused)),
      ),
    ).rejects.toBe(refused);
    const again = endingOf(async () => {});
    await course.stop({ signal: 'SIGTERM' }, again);
    expect(again.ask).toHaveBeenCalledWith({ signal: 'SIGTERM' });
  });

  it('has nothing left to stop once it ends', async () => {
    const course = new Course();
    course.start();
    course.end();
    const ending = endingOf(() => expect.unreachable(), Promise.resolve());
    await course.stop({}, ending);
    expect(ending.ask).not.toHaveBeenCalled();
  });
});

it('a failed run has the exit code that its error carries, else 125', () => {
  expect(failedOutcome(Object.assign(new Error('not found'), { exitCode: 127 })).exitCode).toBe(127);
  expect(failedOutcome(new Error('our fault'))).toMatchObject({ exitCode: 125 });
});

describe('input before there is a container', () => {
  it('is handed over in its order, and says so to who typed', async () => {
    const early = new EarlyInput();
    const typed = [early.add(Buffer.from('a')), early.add(Buffer.from('b'))];
    const taken: string[] = [];
    early.passTo((bytes) => void taken.push(Buffer.from(bytes).toString()));
    await Promise.all(typed);
    expect(taken).toEqual(['a', 'b']);
  });

  it('keeps nobody waiting where no container comes', async () => {
    const early = new EarlyInput();
    const typed = early.add(Buffer.from('a'));
    early.drop();
    await typed;
    early.passTo(() => expect.unreachable());
  });
});
