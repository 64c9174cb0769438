import { describe, expect, it } from 'vitest';
import * as player from '../../../apps/web/src/player/player.ts';

/** Ten events, 10 ms apart; steps end after the 2nd, 5th and 10th. */
const track = (over: Partial<player.Track> = {}): player.Track => ({
  stops: [2, 5, 10],
  marks: [],
  pauses: [],
  length: 10,
  start: 0,
  at: (position) => position * 10,
  live: false,
  ...over,
});
const at = (position: number) => ({ ...player.newPlayer(), position });

describe('stepping', () => {
  it('goes from the empty scene to the end of the first step', () =>
    expect(player.stepForward(at(0), track()).position).toBe(2));

  it('goes from between two steps to the end of the one that is under way', () =>
    expect(player.stepForward(at(3), track()).position).toBe(5));

  it('stays at the end', () => expect(player.stepForward(at(10), track()).position).toBe(10));

  it('goes back as it came, down to the empty scene', () => {
    const back = [10, 5, 2].map((position) => player.stepBack(at(position), track()).position);
    expect(back).toEqual([5, 2, 0]);
    expect(player.stepBack(at(0), track()).position).toBe(0);
  });

  it('goes back from between two steps to the end of the one before', () =>
    expect(player.stepBack(at(7), track()).position).toBe(5));

  it('ends following and playing, since somebody chose the place', () => {
    const moved = player.stepBack(player.follow(at(10), 0), track());
    expect(moved).toMatchObject({ following: false, playing: false });
    expect(player.stepForward(player.play(at(0), track(), 0), track()).playing).toBe(false);
  });

  it('finds its place in a hundred thousand steps as in three', () => {
    const stops = Array.from({ length: 100_000 }, (_, i) => (i + 1) * 2);
    expect(player.stopsUpTo(stops, 0)).toBe(0);
    expect(player.stopsUpTo(stops, 100_001)).toBe(50_000);
    expect(player.stopsUpTo(stops, 200_000)).toBe(100_000);
  });
});

describe('playing in told time', () => {
  it('tells a step each time the reader had time to read, faster at a higher speed', () => {
    const started = player.play(at(0), track(), 1000);
    expect(player.tick(started, track(), 1000 + player.TOLD_STEP_MS - 1)).toBe(started);
    expect(player.tick(started, track(), 1000 + player.TOLD_STEP_MS).position).toBe(2);
    const fast = player.setPace(started, 'told', 2, 1000);
    expect(player.tick(fast, track(), 1000 + player.TOLD_STEP_MS / 2).position).toBe(2);
  });

  it('stops at the end of a finished trace and follows a growing one', () => {
    const atEnd = player.play(at(9), track(), 0);
    expect(player.tick({ ...atEnd, position: 10 }, track(), 1)).toMatchObject({
      playing: false,
      following: false,
    });
    expect(player.tick({ ...atEnd, position: 10 }, track({ live: true }), 1)).toMatchObject({
      following: true,
    });
  });

  it('begins anew when started at the end of a finished trace', () =>
    expect(player.play(at(10), track(), 0).position).toBe(0));
});

describe('playing in true time', () => {
  it('passes events when they happened, slowed down as asked', () => {
    const started = player.setPace(player.play(at(1), track(), 0), 'true', 0.1, 0);
    expect(player.tick(started, track(), 99)).toBe(started);
    expect(player.tick(started, track(), 100).position).toBe(2);
    expect(player.tick(started, track(), 350).position).toBe(4);
  });

  it('loses no time to the raster of the ticks', () => {
    let now = player.setPace(player.play(at(1), track(), 0), 'true', 1, 0);
    for (let t = 7; t <= 77; t += 7) now = player.tick(now, track(), t);
    expect(now.position).toBe(8);
  });
});

describe('following', () => {
  it('tells each step on its way to the newest, and then takes in the rest', () => {
    const seen: number[] = [];
    let now = player.follow(at(0), 0);
    for (let t = 0; t <= 2000; t += 16) {
      now = player.tick(now, track({ length: 12 }), t);
      if (seen.at(-1) !== now.position) seen.push(now.position);
    }
    expect(seen).toEqual([0, 2, 5, 10, 12]);
  });

  it.each([
    [10, 3],
    [60, 7],
    [500, 11],
    [100_000, 20],
  ])('catches up with %d steps within %d s', (length, seconds) => {
    const long = track({ stops: Array.from({ length }, (_, i) => i + 1), length });
    let now = player.follow(at(0), 0);
    for (let t = 0; t < seconds * 1000; t += 16) now = player.tick(now, long, t);
    expect(player.behind(now, long)).toBe(0);
  });

  it('says how many steps one is behind', () => {
    expect(player.behind(at(2), track())).toBe(2);
    expect(player.behind(at(10), track())).toBe(0);
  });
});

describe('keeping the place', () => {
  it('moves on with the event that was shown last when a late one is put before it', () => {
    const events = [{ seq: 1 }, { seq: 4 }, { seq: 2 }, { seq: 3 }];
    expect(player.keepPlace(at(2), 2, events).position).toBe(3);
  });

  it('stays where nothing changed before it', () => {
    const here = at(2);
    expect(player.keepPlace(here, 2, [{ seq: 1 }, { seq: 2 }, { seq: 3 }])).toBe(here);
    expect(player.keepPlace(at(0), undefined, [{ seq: 1 }]).position).toBe(0);
  });
});

describe('waits in true time', () => {
  /** A wait of a minute after the third event. */
  const waiting = track({ at: (position) => (position > 3 ? 60_000 : 0) + position * 10 });
  const started = (over: Partial<player.PlayerState> = {}) =>
    player.play({ ...at(0), pace: 'true' as const, ...over }, waiting, 0);

  it('take no longer than a reader should wait, and what is left out is said', () => {
    const there = player.tick(started(), waiting, 30);
    expect(there.position).toBe(3);
    expect(player.shortenedWait(there, waiting)).toEqual({ waitMs: 60_010, leftOutMs: 58_010 });
    expect(player.tick(there, waiting, 30 + player.LONGEST_WAIT_MS - 1).position).toBe(3);
    const over = player.tick(there, waiting, 30 + player.LONGEST_WAIT_MS);
    expect(over.position).toBe(4);
    expect(player.shortenedWait(over, waiting)).toBeUndefined();
    expect(player.tick(over, waiting, 30 + player.LONGEST_WAIT_MS + 20).position).toBe(6);
  });

  it('take their whole time when that is wished for', () => {
    const there = player.tick(started({ longestWaitMs: undefined }), waiting, 60_000);
    expect(there.position).toBe(3);
    expect(player.shortenedWait(there, waiting)).toBeUndefined();
    expect(player.tick(there, waiting, 60_040).position).toBe(4);
  });

  it('are shortened by the reader’s time, not the trace’s, when it runs slower', () => {
    const slow = started({ speed: 0.1 });
    const there = player.tick(slow, waiting, 300);
    expect(there.position).toBe(3);
    expect(player.tick(there, waiting, 300 + player.LONGEST_WAIT_MS).position).toBe(4);
  });
});

describe('markers', () => {
  const marked = track({ marks: [4, 5, 7] });

  it('are gone to one after the other, as steps that bring them about, and back', () => {
    const forth = [0, 5, 10].map((position) => player.toMark(at(position), marked, 1).position);
    expect(forth).toEqual([5, 10, 10]);
    expect([10, 5, 2].map((position) => player.toMark(at(position), marked, -1).position)).toEqual([5, 0, 0]);
  });

  it('stop playing when that is wished for, in told time with their step, in true time at them', () => {
    const told = player.play({ ...at(2), stopsAtMarks: true }, marked, 0);
    expect(player.tick(told, marked, player.TOLD_STEP_MS)).toMatchObject({ position: 5, playing: false });
    const exact = player.play({ ...at(2), stopsAtMarks: true, pace: 'true' as const }, marked, 0);
    expect(player.tick(exact, marked, 100)).toMatchObject({ position: 4, playing: false });
    const on = player.play(player.tick(told, marked, player.TOLD_STEP_MS), marked, 5000);
    expect(player.tick(on, marked, 5000 + player.TOLD_STEP_MS).position).toBe(10);
  });

  it('stop playing in any case where somebody says so', () => {
    const paused = { ...marked, pauses: [7] };
    const started = player.play(at(2), paused, 0);
    expect(player.tick(started, paused, player.TOLD_STEP_MS)).toMatchObject({ position: 5, playing: true });
    const last = player.tick({ ...started, position: 5 }, paused, player.TOLD_STEP_MS);
    expect(last).toMatchObject({ position: 10, playing: false });
  });

  it('let playing pass otherwise', () => {
    const started = player.play(at(2), marked, 0);
    expect(player.tick(started, marked, player.TOLD_STEP_MS)).toMatchObject({ position: 5, playing: true });
  });
});
