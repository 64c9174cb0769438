import { type ChainState, guided, type Timeline, type ToldStep } from '@underdock/chain';
import type { DetailLevel, Guide, TraceEvent, TraceHeader } from '@underdock/trace';
import type { TraceSource } from '../source/traceSource.ts';
import type { Place } from './address.ts';
import { type Marker, markersOf, type PlacedMarker, placeMarkers } from './markers.ts';
import * as moves from './player.ts';

/** Makes the told steps of a trace; `createTimeline` of the chain package. */
export type TimelineMaker = (
  header: TraceHeader,
  events: readonly TraceEvent[],
  level: DetailLevel,
) => Timeline;

/** What the views show. A new object for each change. */
export interface ReadingSnapshot {
  /** Undefined until the header has come. */
  timeline: Timeline | undefined;
  /** State at the position. */
  state: ChainState | undefined;
  steps: readonly ToldStep[];
  /** Index of the current told step, -1 before the first. */
  stepIndex: number;
  player: moves.PlayerState;
  /** Told steps after the position. */
  behind: number;
  /** How somebody tells it to others, where there is somebody. */
  guide: Guide | undefined;
  /** Chapters and what somebody has marked, in order. */
  markers: readonly PlacedMarker[];
  /** The wait that is shortened just now, ms of the trace. */
  shortened: { waitMs: number; leftOutMs: number } | undefined;
  level: DetailLevel;
  closed: boolean;
  caughtUp: boolean;
  problem: { message: string; remedy?: string | undefined } | undefined;
}

/** One trace being read: where it comes from, where the reader stands in it, at which level of detail. */
export class Reading {
  readonly #source: TraceSource;
  readonly #makeTimeline: TimelineMaker;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  readonly #stopListening: () => void;
  /** All of the trace; what is told of it is `#timeline`. */
  #whole: Timeline | undefined;
  #timeline: Timeline | undefined;
  #guide: Guide | undefined;
  #taken = 0;
  #reset = 0;
  #opened = false;
  readonly #fresh: boolean;
  readonly #recorded: boolean;
  #stops: readonly number[] = [];
  #chapters: readonly Marker[] = [];
  #markers: readonly PlacedMarker[] = [];
  #start: Place | undefined;
  #player = moves.newPlayer();
  #level: DetailLevel = 'story';
  #snapshot: ReadingSnapshot;

  /**
   * `now` is any clock in ms that never goes back. `fresh`: the reader started this run and wants to see it from its
   * first step on; anybody else comes late and sees at once how things stand. `recorded`: it is over, and is read from its
   * first step at the reader's own pace. `start`: an address has named the place to begin at.
   */
  constructor(
    source: TraceSource,
    makeTimeline: TimelineMaker,
    {
      now,
      fresh,
      recorded = false,
      start,
    }: { now: () => number; fresh: boolean; recorded?: boolean; start?: Place },
  ) {
    this.#source = source;
    this.#fresh = fresh;
    this.#recorded = recorded;
    this.#start = start;
    this.#level = start?.level ?? 'story';
    this.#makeTimeline = makeTimeline;
    this.#now = now;
    this.#snapshot = this.#look();
    this.#stopListening = source.subscribe(() => this.#take());
    this.#take();
  }

  readonly snapshot = (): ReadingSnapshot => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  close(): void {
    this.#stopListening();
    this.#source.close();
  }

  /** Lets time pass: to be called for each frame while somebody looks. */
  tick(): void {
    this.#move((player, track) => moves.tick(player, track, this.#now()));
  }

  forward(): void {
    this.#move(moves.stepForward);
  }

  back(): void {
    this.#move(moves.stepBack);
  }

  toPosition(position: number): void {
    this.#move((player, track) =>
      moves.moveTo(player, Math.max(track.start, Math.min(position, track.length))),
    );
  }

  toStart(): void {
    this.toPosition(0);
  }

  toEnd(): void {
    if (this.#source.snapshot().closed) this.#move((player, track) => moves.moveTo(player, track.length));
    else this.follow();
  }

  follow(): void {
    this.#move((player) => moves.follow(player, this.#now()));
  }

  /** Plays, or stays where it is. */
  toggle(): void {
    this.#move((player, track) =>
      player.playing || player.following ? moves.pause(player) : moves.play(player, track, this.#now()),
    );
  }

  setPace(pace: moves.Pace, speed: number): void {
    this.#move((player) => moves.setPace(player, pace, speed, this.#now()));
  }

  /** What playing does at waits and at markers. */
  setHabits(habits: Parameters<typeof moves.setHabits>[1]): void {
    this.#move((player) => moves.setHabits(player, habits));
  }

  /** Goes to the next marker, or the one before. */
  toMark(by: 1 | -1): void {
    this.#move((player, track) => moves.toMark(player, track, by));
  }

  /** The chapters of the trace, as far as it goes. */
  setChapters(chapters: readonly Marker[]): void {
    this.#chapters = chapters;
    this.#placeMarkers();
    this.#update();
  }

  /** Goes where an address says; without a step, with the newest. */
  toPlace(place: Place): void {
    if (place.level && place.level !== this.#level) this.setLevel(place.level);
    if (place.event !== undefined) this.toPosition(place.event);
    else if (place.step !== undefined) this.toIndex(Math.min(place.step, this.#stops.length) - 1);
  }

  /** Where the reader stands, for an address; undefined while that moves with a growing trace. */
  place(): Place {
    const { position, following } = this.#player;
    const level = this.#level;
    if (following || (!this.#source.snapshot().closed && position >= this.#track().length)) return { level };
    const step = moves.stopsUpTo(this.#stops, position);
    const isBetween = (this.#stops[step - 1] ?? 0) !== position;
    return isBetween ? { level, event: position } : { level, step };
  }

  /** More or fewer steps of the same trace; the place stays. */
  setLevel(level: DetailLevel): void {
    this.#level = level;
    this.#whole = this.#whole?.withLevel(level);
    this.#tellAgain();
  }

  /** Tells the trace by a guide, or by none; the place stays where that still tells it. */
  setGuide(guide: Guide | undefined): void {
    if (guide === this.#guide) return;
    this.#guide = guide;
    this.#tellAgain();
  }

  #tellAgain(): void {
    this.#timeline = this.#whole && this.#guide ? guided(this.#whole, this.#guide) : this.#whole;
    this.#stops = stopsOf(this.#timeline);
    this.#placeMarkers();
    const { start, length } = this.#track();
    const position = Math.max(start, Math.min(this.#player.position, length));
    if (position !== this.#player.position) this.#player = { ...this.#player, position };
    this.#update();
  }

  /** Goes to a told step, with all that came to be by it. */
  toIndex(index: number): void {
    this.toPosition(this.#stops[index] ?? 0);
  }

  /** Goes to the told step that belongs to a span or an event; false when there is none at this level. */
  toStep(find: (step: ToldStep) => boolean): boolean {
    const step = this.#timeline?.steps.find(find);
    if (step) this.toIndex(this.#timeline!.steps.indexOf(step));
    return step !== undefined;
  }

  #take(): void {
    const { header, events, reset, caughtUp, closed } = this.#source.snapshot();
    if (header && (!this.#timeline || reset !== this.#reset)) {
      this.#reset = reset;
      this.#opened = false;
      this.#whole = this.#makeTimeline(header, events.slice(), this.#level);
      this.#timeline = this.#guide ? guided(this.#whole, this.#guide) : this.#whole;
      this.#player = { ...moves.newPlayer(), position: this.#timeline.start };
      this.#taken = events.length;
    } else if (this.#timeline && events.length > this.#taken) {
      const lastSeq = this.#timeline.events[this.#player.position - 1]?.seq;
      this.#timeline.append(events.slice(this.#taken));
      this.#taken = events.length;
      this.#player = moves.keepPlace(this.#player, lastSeq, this.#timeline.events);
    }
    this.#stops = stopsOf(this.#timeline);
    this.#placeMarkers();
    const shows = this.#start
      ? this.#reaches(this.#start)
      : this.#recorded
        ? this.#stops.length > 0
        : this.#fresh;
    if (this.#timeline && !this.#opened && (shows || caughtUp)) this.#open(closed);
    this.#update();
  }

  /** What comes after the first look is drawn as it happens. */
  #open(closed: boolean): void {
    this.#opened = true;
    const start = this.#start;
    this.#start = undefined;
    if (start && (start.step ?? start.event) !== undefined) {
      this.toPlace(start);
      return;
    }
    if (this.#recorded) {
      this.#player = moves.stepForward(this.#player, this.#track());
      return;
    }
    if (!this.#fresh) this.#player = moves.jumpToEnd(this.#player, this.#track());
    if (this.#fresh || !closed) this.#player = moves.follow(this.#player, this.#now());
  }

  /** What the address names is there. */
  #reaches({ step, event }: Place): boolean {
    if (step === undefined && event === undefined) return this.#recorded && this.#stops.length > 0;
    return (event ?? 0) < (this.#timeline?.events.length ?? 0) && (step ?? 0) < this.#stops.length;
  }

  #placeMarkers(): void {
    const { events = [], start = 0 } = this.#timeline ?? {};
    this.#markers = placeMarkers(this.#chapters, markersOf(this.#guide), events, start);
  }

  #track(): moves.Track {
    const timeline = this.#timeline;
    return {
      stops: this.#stops,
      marks: this.#markers.map(({ position }) => position),
      pauses: this.#markers.flatMap(({ position, pause }) => (pause ? [position] : [])),
      length: timeline?.events.length ?? 0,
      start: timeline?.start ?? 0,
      at: (position) => timeline?.events[position - 1]?.at ?? 0,
      live: !this.#source.snapshot().closed,
    };
  }

  #move(change: (player: moves.PlayerState, track: moves.Track) => moves.PlayerState): void {
    const moved = change(this.#player, this.#track());
    if (moved === this.#player) return;
    this.#player = moved;
    this.#update();
  }

  #update(): void {
    this.#snapshot = this.#look();
    for (const listener of [...this.#listeners]) listener();
  }

  #look(): ReadingSnapshot {
    const { closed, caughtUp, problem } = this.#source.snapshot();
    const timeline = this.#timeline;
    const track = this.#track();
    return {
      timeline,
      state: timeline?.stateAt(this.#player.position),
      steps: timeline?.steps ?? [],
      stepIndex: timeline?.stepIndexAt(this.#player.position) ?? -1,
      player: this.#player,
      behind: moves.behind(this.#player, track),
      guide: this.#guide,
      markers: this.#markers,
      shortened: moves.shortenedWait(this.#player, track),
      level: this.#level,
      closed,
      caughtUp,
      problem,
    };
  }
}

/** Where steps end. The last one takes in all that has happened since, so that nothing is left untold. */
function stopsOf(timeline: Timeline | undefined): number[] {
  const stops = timeline?.steps.map((step) => step.position) ?? [];
  if (timeline && stops.length > 0) stops[stops.length - 1] = timeline.events.length;
  return stops;
}
