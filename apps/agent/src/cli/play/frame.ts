import type { Timeline, ToldStep } from '@underdock/chain';
import { sentenceForStep } from '@underdock/story';
import { LAYERS, type Layer, type TraceHeader } from '@underdock/trace';
import pc from 'picocolors';
import { tame } from '../words.ts';
import { cellsOf, fitted, foldedLines } from './cells.ts';
import type { PlayState } from './playState.ts';

/** What is drawn from. */
export interface Shown {
  header: TraceHeader;
  timeline: Timeline;
  state: PlayState;
}

type Colours = ReturnType<typeof pc.createColors>;

/** The colour of each layer in a terminal: six of the eight that all of them have. */
export function colourOf(layer: Layer, c: Colours): (text: string) => string {
  return {
    client: c.cyan,
    engine: c.blue,
    'high-level': c.magenta,
    'low-level': c.yellow,
    kernel: c.green,
    process: c.white,
  }[layer];
}

const LANE_NAME = 12;
/** Longer lines of prose are hard to read. */
const MOST_COLUMNS = 100;
/** Below so many rows the lanes are left out: the words come first. */
const ROWS_FOR_LANES = 16;

/** A step’s sentence, and why it failed, as one line without control characters. */
export function wordsOf(step: ToldStep, timeline: Timeline): string {
  const words = sentenceForStep(step, timeline.stateAt(step.position)).text;
  const why = step.failure?.message ?? step.failure?.error ?? '';
  return tame(why === '' || why === 'failed' || words.includes(why) ? words : `${words} (${why})`);
}

/** The rows of a screen of this size that shows where the trace is, `columns` wide at most. */
export function frame(shown: Shown, size: { columns: number; rows: number }, colour: boolean): string[] {
  const c = pc.createColors(colour);
  const { columns, rows } = size;
  const head = headOf(shown, columns, c);
  const lanes = rows >= ROWS_FOR_LANES && columns > 2 * LANE_NAME ? [...lanesOf(shown, columns, c), ''] : [];
  const foot = footOf(shown, columns, c);
  const room = Math.max(1, rows - head.length - lanes.length - foot.length);
  const told = toldOf(shown, columns, room, c);
  const gap = Array.from({ length: Math.max(0, room - told.length) }, () => '');
  return [...head, ...lanes, ...told, ...gap, ...foot].slice(0, rows);
}

function headOf({ header, state, timeline }: Shown, columns: number, c: Colours): string[] {
  const { host, via, startedAt } = header;
  const count = `step ${state.index + 1} of ${timeline.steps.length}`;
  const facts = `via ${via}, kernel ${host.kernel}, cgroups ${host.cgroup}, recorded ${startedAt.slice(0, 10)}`;
  const command = `$ ${tame(header.command.join(' '))}`;
  const room = columns - count.length - 2;
  const first = room > 0 ? `${padded(command, room)}  ${count}` : fitted(count, columns);
  return [c.bold(first), c.dim(fitted(tame(facts), columns)), ''];
}

/** A lane for each layer, with a mark for each step: those that were told, the one that is shown, those to come. */
function lanesOf({ timeline, state }: Shown, columns: number, c: Colours): string[] {
  const { steps } = timeline;
  const width = Math.max(1, Math.min(steps.length, columns - LANE_NAME - 1));
  const columnOf = (index: number) => Math.floor((index * width) / Math.max(1, steps.length));
  const here = columnOf(state.index);
  return LAYERS.map((layer) => {
    const marks = Array.from({ length: width }, () => ' ');
    steps.forEach((step, index) => {
      if (step.layer === layer)
        marks[columnOf(index)] = step.failure ? 'x' : index <= state.index ? '█' : '░';
    });
    const isHere = steps[state.index]?.layer === layer;
    const paint = colourOf(layer, c);
    const told = marks.slice(0, here).join('');
    const now = isHere ? c.inverse(paint('▶')) : (marks[here] ?? '');
    const line = `${inRed(told, paint, c)}${now}${inRed(marks.slice(here + 1).join(''), c.dim, c)}`;
    const name = `${isHere ? '▶' : ' '}${layer}`.padEnd(LANE_NAME);
    return `${isHere ? c.bold(paint(fitted(name, columns))) : c.dim(fitted(name, columns))}${line}`;
  });
}

/** Marks in one colour, but for those of failures. */
function inRed(marks: string, paint: (text: string) => string, c: Colours): string {
  return marks.replace(/x+|[^x]+/g, (run) => (run.startsWith('x') ? c.red(run) : paint(run)));
}

/** The step that is shown, in full, below those before it, as many as there is room for. */
function toldOf({ timeline, state }: Shown, columns: number, room: number, c: Colours): string[] {
  const current = timeline.steps[state.index];
  if (!current) return [c.dim(fitted('nothing is told at this level', columns))];
  const paint = current.failure ? c.red : colourOf(current.layer, c);
  const width = Math.min(columns - 2, MOST_COLUMNS);
  if (width < 1) return [fitted(wordsOf(current, timeline), columns)];
  const words = foldedLines(wordsOf(current, timeline), width);
  const now = [
    ...words.map((line) => `${paint('▌')} ${c.bold(line)}`),
    c.dim(fitted(`  ${factsOf(current)}`, columns)),
  ].slice(0, room);
  const before: string[] = [];
  for (let index = state.index - 1; index >= 0 && before.length < room - now.length - 1; index--) {
    const step = timeline.steps[index]!;
    const text = fitted(wordsOf(step, timeline), columns - 2);
    before.unshift(`${(step.failure ? c.red : colourOf(step.layer, c))('│')} ${c.dim(text)}`);
  }
  return [...before, ...(before.length > 0 ? [''] : []), ...now];
}

function factsOf({ actor, layer, at, durationMs, event, end }: ToldStep): string {
  const took = durationMs === undefined ? [] : [`took ${milliseconds(durationMs)}`];
  const source = (end ?? event).evidence.map((one) => one.source);
  const seen = [...new Set(source)].join(' and ');
  const pid = event.actor.pid === undefined ? '' : ` (pid ${event.actor.pid})`;
  return tame(
    [
      `${layer}: ${actor}${pid}`,
      `at ${milliseconds(at)}`,
      ...took,
      `${event.grade}${seen && ` by ${seen}`}`,
    ].join(' · '),
  );
}

function footOf({ state, timeline }: Shown, columns: number, c: Colours): string[] {
  const { playing, pace, speed, level, index } = state;
  const { steps } = timeline;
  const isOver = index >= steps.length - 1;
  const doing = playing ? '▶ playing' : isOver ? '■ at the end' : '❚❚ waiting';
  const time = `${milliseconds(steps[index]?.at ?? 0)} of ${milliseconds(steps.at(-1)?.at ?? 0)}`;
  const how = `${doing} · ${level} · ${pace} time ×${speed} · ${time}`;
  const keys = 'space play or wait   ← → step   + − speed   t time   l level   q quit';
  return ['', fitted(how, columns), c.dim(fitted(keys, columns))];
}

function milliseconds(ms: number): string {
  return ms >= 10_000 ? `${(ms / 1000).toFixed(2)} s` : `${ms.toFixed(1)} ms`;
}

function padded(text: string, columns: number): string {
  const cut = fitted(text, columns);
  return cut + ' '.repeat(Math.max(0, columns - cellsOf(cut)));
}
