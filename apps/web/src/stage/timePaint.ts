import type { LaneMark, TimeAxis, TimeLanes, Wait } from '@underdock/chain';
import { type PlacedLane, ROW, RULER, roundInstants, rowTop } from './laneLayout.ts';

/** What is drawn on the timeline. */
export interface TimePicture {
  lanes: TimeLanes;
  placed: readonly PlacedLane[];
  height: number;
  axis: TimeAxis;
  /** Times in which nothing was seen, and that are long enough to be shown as such. */
  waits: readonly Wait[];
  /** The play position, ms. */
  at: number;
  /** Key of the mark that the reader looks at. */
  chosen: string | undefined;
  /** Keys of what was found; undefined while nothing is looked for. */
  found: ReadonlySet<string> | undefined;
  /** What was not found is left out. */
  onlyFound: boolean;
}

/** How the picture lies in its frame. */
export interface Lie {
  width: number;
  /** The place of an instant, px from the left. */
  x(at: number): number;
}

/** The page's colours by their names. */
export type Colors = (token: string) => string;

const FONT = '13px "DejaVu Sans Mono", ui-monospace, monospace';
/** A bar at least this wide has its name on it, px. */
const NAMED = 44;

/** Draws the ruler, the waits and all marks. Marks that fall onto the same pixels of a line are drawn once. */
export function paintTimeline(
  pen: CanvasRenderingContext2D,
  picture: TimePicture,
  lie: Lie,
  colors: Colors,
): void {
  pen.clearRect(0, 0, lie.width, picture.height);
  paintLaneEdges(pen, picture, lie, colors);
  paintWaits(pen, picture, lie, colors);
  paintRuler(pen, picture, lie, colors);
  for (const place of picture.placed) paintLane(pen, picture, place, lie, colors);
  paintCauses(pen, picture, lie, colors);
}

function paintLaneEdges(pen: CanvasRenderingContext2D, picture: TimePicture, lie: Lie, colors: Colors): void {
  pen.fillStyle = colors('line');
  for (const [index, { lane, top, height }] of picture.placed.entries()) {
    const next = picture.placed[index + 1];
    pen.globalAlpha = next && next.lane.layer === lane.layer ? 0.35 : 1;
    pen.fillRect(0, top + height - 1, lie.width, 1);
  }
  pen.globalAlpha = 1;
}

function paintWaits(pen: CanvasRenderingContext2D, picture: TimePicture, lie: Lie, colors: Colors): void {
  pen.strokeStyle = colors('ink-soft');
  pen.lineWidth = 1;
  for (const { from, to } of picture.waits) {
    const [left, right] = [Math.max(0, lie.x(from)), Math.min(lie.width, lie.x(to))];
    if (right - left < 3) continue;
    pen.save();
    pen.beginPath();
    pen.rect(left, RULER, right - left, picture.height - RULER);
    pen.clip();
    pen.globalAlpha = 0.16;
    pen.beginPath();
    const high = picture.height - RULER;
    for (let x = left - high - (left % 12); x < right; x += 12) {
      pen.moveTo(x, picture.height);
      pen.lineTo(x + high, RULER);
    }
    pen.stroke();
    pen.restore();
  }
}

function paintRuler(pen: CanvasRenderingContext2D, picture: TimePicture, lie: Lie, colors: Colors): void {
  const { axis, lanes } = picture;
  const msPerPx = axis.shownMs / Math.max(1, lie.x(lanes.to) - lie.x(lanes.from));
  pen.font = FONT;
  pen.textBaseline = 'middle';
  let free = 0;
  const shortened = axis.shortened;
  const pieces = [...shortened, undefined].map((wait, i) => [
    i === 0 ? lanes.from : shortened[i - 1]!.to,
    wait?.from ?? lanes.to,
  ]);
  for (const [from, to] of pieces as [number, number][]) {
    if (lie.x(to) < 0 || lie.x(from) > lie.width) continue;
    const first = Math.max(from, from + (-lie.x(from) - 100) * msPerPx);
    const last = Math.min(to, from + (lie.width - lie.x(from)) * msPerPx);
    for (const at of roundInstants(first, last, msPerPx * 110)) {
      const x = lie.x(at);
      const words = instantWords(at, msPerPx * 110);
      if (x < free - 4) continue;
      pen.fillStyle = colors('line');
      pen.fillRect(Math.round(x), 4, 1, picture.height);
      pen.fillStyle = colors('ink-soft');
      pen.fillText(words, x + 5, RULER / 2);
      free = x + 14 + pen.measureText(words).width;
    }
  }
}

/** `12.4 ms`, `1.25 s`: as many digits as neighbours differ in. */
function instantWords(at: number, leastMs: number): string {
  const [value, unit, step] = at >= 1000 ? [at / 1000, 's', leastMs / 1000] : [at, 'ms', leastMs];
  return `${value.toFixed(Math.min(6, Math.max(0, -Math.floor(Math.log10(step)))))} ${unit}`;
}

function paintLane(
  pen: CanvasRenderingContext2D,
  picture: TimePicture,
  place: PlacedLane,
  lie: Lie,
  colors: Colors,
): void {
  const { found, onlyFound, chosen } = picture;
  const hue = colors(`layer-${place.lane.layer}`);
  const taken: number[] = [];
  const late: LaneMark[] = [];
  pen.fillStyle = hue;
  for (const mark of place.lane.marks) {
    const x = lie.x(mark.begin);
    if (x > lie.width) break;
    const isFound = found?.has(mark.key);
    if (found && !isFound && onlyFound) continue;
    if (mark.failed || isFound || mark.key === chosen) {
      late.push(mark);
      continue;
    }
    const end = Math.max(lie.x(mark.end), x + 1.5);
    // Nothing of it would be seen: whatever lies there covers it.
    if (end < 0 || end <= (taken[mark.row] ?? -1)) continue;
    taken[mark.row] = Math.ceil(end);
    pen.globalAlpha = found ? 0.22 : 1;
    paintBar(pen, mark, x, end, rowTop(place, mark), lie, colors, hue);
  }
  pen.globalAlpha = 1;
  taken.length = 0;
  for (const mark of late) {
    const x = lie.x(mark.begin);
    const end = Math.max(lie.x(mark.end), x + 2.5);
    if (end < 0 || (end <= (taken[mark.row] ?? -1) && mark.key !== chosen)) continue;
    taken[mark.row] = Math.ceil(end);
    pen.globalAlpha = found && !found.has(mark.key) && mark.key !== chosen ? 0.35 : 1;
    const y = rowTop(place, mark);
    paintBar(pen, mark, x, end, y, lie, colors, mark.failed ? colors('failure') : hue);
    pen.globalAlpha = 1;
    if (found?.has(mark.key)) paintFrame(pen, x, end, y, colors('gap'), 2);
    if (mark.key === chosen) paintFrame(pen, x, end, y, colors('ink'), 2);
  }
  pen.globalAlpha = 1;
}

function paintBar(
  pen: CanvasRenderingContext2D,
  mark: LaneMark,
  x: number,
  end: number,
  y: number,
  lie: Lie,
  colors: Colors,
  hue: string,
): void {
  pen.fillStyle = hue;
  // A moment is a tick, lower than a bar, so that both can be told apart without colour.
  if (mark.end === mark.begin) {
    pen.fillRect(x, y + 5, 2.5, ROW - 10);
    return;
  }
  const left = Math.max(-4, x);
  const right = Math.min(lie.width + 4, end);
  pen.fillRect(left, y + 1, Math.max(1, right - left - (right - left > 4 ? 1 : 0)), ROW - 3);
  if (mark.failed) pen.fillRect(left, y + 1, Math.min(3, right - left), ROW - 2);
  if (right - Math.max(0, left) < NAMED) return;
  pen.save();
  pen.beginPath();
  pen.rect(left, y, right - left - 4, ROW);
  pen.clip();
  pen.font = FONT;
  pen.textBaseline = 'middle';
  pen.fillStyle = colors('page');
  pen.fillText(mark.failed ? `✕ ${mark.name}` : mark.name, Math.max(0, left) + 5, y + ROW / 2);
  pen.restore();
}

function paintFrame(
  pen: CanvasRenderingContext2D,
  x: number,
  end: number,
  y: number,
  color: string,
  width: number,
): void {
  pen.strokeStyle = color;
  pen.lineWidth = width;
  pen.strokeRect(x - 2, y - 0.5, Math.max(4, end - x + 3), ROW);
}

/** From what the reader looks at up to what made it happen. */
function paintCauses(pen: CanvasRenderingContext2D, picture: TimePicture, lie: Lie, colors: Colors): void {
  const { lanes, placed, chosen } = picture;
  const placeOf = new Map(placed.map((place) => [place.lane, place]));
  let below = chosen === undefined ? undefined : lanes.byKey.get(chosen);
  const seen = new Set<string>();
  pen.strokeStyle = colors('ink');
  pen.fillStyle = colors('ink');
  pen.lineWidth = 1.5;
  while (below && !seen.has(below.mark.key)) {
    seen.add(below.mark.key);
    const above = below.mark.call?.cause.map((span) => lanes.byKey.get(span)).find((known) => known);
    if (!above) return;
    const x = lie.x(below.mark.begin);
    const from = rowTop(placeOf.get(above.lane)!, above.mark) + ROW / 2;
    const to = rowTop(placeOf.get(below.lane)!, below.mark) + ROW / 2;
    pen.beginPath();
    pen.moveTo(x, from);
    pen.lineTo(x, to);
    pen.stroke();
    pen.beginPath();
    pen.arc(x, from, 3.5, 0, Math.PI * 2);
    pen.fill();
    below = above;
  }
}
