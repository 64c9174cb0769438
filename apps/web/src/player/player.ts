/** How the pauses between steps are measured: a fixed time for each told step, or the trace's own instants, slowed. */
export type Pace = 'told' | 'true';

/**
 * Where in a trace somebody looks, and how that moves. `position` counts the events that are applied, from 0 (nothing
 * yet) to the length of the trace. Pure: instants are passed in, in ms of any one clock.
 */
export interface PlayerState {
  readonly position: number;
  /** Stays with the newest event of a growing trace. */
  readonly following: boolean;
  readonly playing: boolean;
  readonly pace: Pace;
  /** 2 = twice as fast. In true time 0.01 = a hundred times slower than it was. */
  readonly speed: number;
  /** The instant of the last move, for the next one. */
  readonly movedAt: number;
  /** In true time no wait takes longer than this of the reader's time, ms; undefined = as long as it took. */
  readonly longestWaitMs: number | undefined;
  /** Playing stops at each marker. */
  readonly stopsAtMarks: boolean;
}

/** What the player knows of the trace: positions where a told step ends, and the instants (ms) of all events. */
export interface Track {
  /** Ascending; each between 1 and `length`. */
  readonly stops: readonly number[];
  /** Positions of markers, ascending. */
  readonly marks: readonly number[];
  /** Those of them at which playing stops in any case. */
  readonly pauses: readonly number[];
  readonly length: number;
  /** Where the telling begins: there is nothing to go back to before it. */
  readonly start: number;
  /** The trace's instant of the event before `position`, ms. */
  at(position: number): number;
  /** The trace still grows. */
  readonly live: boolean;
}

/** At speed 1 a told step stays this long, ms: time to read one short sentence. */
export const TOLD_STEP_MS = 1600;
/** So long a wait may take of the reader's time while playing in true time, ms. */
export const LONGEST_WAIT_MS = 2000;
/** Following goes the faster the further it is behind: two thirds of the way in this time, ms. */
const CATCH_UP_MS = 1800;
/** The last steps of the way are told one by one, each this long, ms. */
const LAST_STEPS_MS = 280;

/** A player that waits at the beginning. */
export function newPlayer(): PlayerState {
  return {
    position: 0,
    following: false,
    playing: false,
    pace: 'told',
    speed: 1,
    movedAt: 0,
    longestWaitMs: LONGEST_WAIT_MS,
    stopsAtMarks: false,
  };
}

/** How many told steps lie after the position. */
export function behind(player: PlayerState, track: Track): number {
  return track.stops.length - stopsUpTo(track.stops, player.position);
}

/** How many of the stops lie at or before a position: "12" of "12 of 31". */
export function stopsUpTo(stops: readonly number[], position: number): number {
  let low = 0;
  let high = stops.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stops[middle]! <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Goes to the next told step; stays at the end of what is there. */
export function stepForward(player: PlayerState, track: Track): PlayerState {
  return moveTo(player, track.stops[stopsUpTo(track.stops, player.position)] ?? track.length);
}

/** Goes to the told step before; from the first one back to the empty scene. */
export function stepBack(player: PlayerState, track: Track): PlayerState {
  return moveTo(player, track.stops[stopsUpTo(track.stops, player.position - 1) - 1] ?? track.start);
}

/** Goes anywhere; stops playing and following, since a person chose the place. */
export function moveTo(player: PlayerState, position: number): PlayerState {
  return { ...player, position: Math.max(0, position), following: false, playing: false };
}

/** Plays from here, or from the beginning when already at the end of a finished trace. */
export function play(player: PlayerState, track: Track, now: number): PlayerState {
  const atEnd = player.position >= track.length && !track.live;
  return {
    ...player,
    position: atEnd ? track.start : player.position,
    playing: true,
    following: false,
    movedAt: now,
  };
}

/** Stays where it is. */
export function pause(player: PlayerState): PlayerState {
  return { ...player, playing: false, following: false };
}

/** Runs after the newest event and stays with it. */
export function follow(player: PlayerState, now: number): PlayerState {
  return { ...player, playing: false, following: true, movedAt: now };
}

/** Shows the end at once: what somebody sees who comes late. */
export function jumpToEnd(player: PlayerState, track: Track): PlayerState {
  return { ...player, position: track.length, playing: false };
}

export function setPace(player: PlayerState, pace: Pace, speed: number, now: number): PlayerState {
  return { ...player, pace, speed, movedAt: now };
}

/** What has become of the player at `now`. Returns the same object when nothing moved. */
export function tick(player: PlayerState, track: Track, now: number): PlayerState {
  if (player.following) return chase(player, track, now);
  if (!player.playing) return player;
  if (player.position >= track.length) {
    return track.live ? { ...player, playing: false, following: true } : { ...player, playing: false };
  }
  const moved = player.pace === 'told' ? tellOn(player, track, now) : runOn(player, track, now);
  return moved === player ? player : stoppedAtMark(player, moved, track);
}

/** Playing that comes past a marker ends there: in told time with the step in which it lies, in true time at it. */
function stoppedAtMark(before: PlayerState, moved: PlayerState, track: Track): PlayerState {
  const marks = before.stopsAtMarks ? track.marks : track.pauses;
  const mark = marks[stopsUpTo(marks, before.position)];
  if (mark === undefined || mark > moved.position) return moved;
  return { ...moved, position: moved.pace === 'told' ? moved.position : mark, playing: false };
}

/** Goes to the next marker, or the one before; to the end or the beginning when there is none. */
export function toMark(player: PlayerState, track: Track, by: 1 | -1): PlayerState {
  const told = (position: number) => track.stops[stopsUpTo(track.stops, position - 1)] ?? position;
  const places = [...new Set(track.marks.map(told))];
  const next =
    by === 1
      ? (places.find((position) => position > player.position) ?? track.length)
      : (places.findLast((position) => position < player.position) ?? track.start);
  return moveTo(player, next);
}

/** A wait that is shortened just now: how long it took, and how much of it is left out, ms of the trace. */
export function shortenedWait(
  player: PlayerState,
  track: Track,
): { waitMs: number; leftOutMs: number } | undefined {
  const { playing, pace, longestWaitMs, position, speed } = player;
  if (!playing || pace !== 'true' || longestWaitMs === undefined || position >= track.length)
    return undefined;
  const waitMs = track.at(position + 1) - track.at(position);
  const leftOutMs = waitMs - longestWaitMs * speed;
  return leftOutMs > 0 ? { waitMs, leftOutMs } : undefined;
}

/** Sets how long waits may take (undefined = as long as they took) and whether playing stops at markers. */
export function setHabits(
  player: PlayerState,
  habits: Partial<Pick<PlayerState, 'longestWaitMs' | 'stopsAtMarks'>>,
): PlayerState {
  return { ...player, ...habits };
}

function chase(player: PlayerState, track: Track, now: number): PlayerState {
  const left = behind(player, track);
  if (left === 0) {
    if (player.position >= track.length) return player;
    return { ...player, position: track.length, movedAt: now };
  }
  const each = Math.min(LAST_STEPS_MS, CATCH_UP_MS / left);
  const steps = Math.min(left, Math.floor((now - player.movedAt) / each));
  if (steps < 1) return player;
  const reached = stopsUpTo(track.stops, player.position) - 1 + steps;
  // Waiting for something to happen saves up no time: the next step is not hurried.
  const movedAt = steps === left ? now : player.movedAt + steps * each;
  return { ...player, position: track.stops[reached]!, movedAt };
}

function tellOn(player: PlayerState, track: Track, now: number): PlayerState {
  if (now - player.movedAt < TOLD_STEP_MS / player.speed) return player;
  const position = track.stops[stopsUpTo(track.stops, player.position)] ?? track.length;
  return { ...player, position, movedAt: now };
}

function runOn(player: PlayerState, track: Track, now: number): PlayerState {
  const { speed, longestWaitMs = Number.POSITIVE_INFINITY } = player;
  let position = player.position;
  let left = now - player.movedAt;
  while (position < track.length) {
    const waitMs = Math.max(0, track.at(position + 1) - track.at(position)) / speed;
    const takes = Math.min(waitMs, longestWaitMs);
    if (takes > left) break;
    left -= takes;
    position++;
  }
  // The instant of the move is put where the reached event lies, so that no rounding adds up over a long trace.
  return position === player.position ? player : { ...player, position, movedAt: now - left };
}

/**
 * Keeps the place when events came late and were put before it: the event that was the last one applied stays it.
 * `lastSeq` is its seq; `events` the list as it is now.
 */
export function keepPlace(
  player: PlayerState,
  lastSeq: number | undefined,
  events: readonly { seq: number }[],
): PlayerState {
  if (lastSeq === undefined || events[player.position - 1]?.seq === lastSeq) return player;
  for (let index = player.position; index < events.length; index++) {
    if (events[index]!.seq === lastSeq) return { ...player, position: index + 1 };
  }
  return player;
}
