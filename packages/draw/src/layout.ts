import { LAYERS, type Layer } from '@underdock/trace';
import type { SceneOptions } from './options.ts';

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Layers that are bands with boxes; the kernel is the bedrock below, the process lives in its capsule. */
export const BANDS = LAYERS.slice(0, 4) as Layer[];

/** Boxes that stand beside each other in one band. */
export const SLOTS = 3;

/** Where everything stands: a function of the viewport alone, so that nothing ever moves. */
export interface Layout {
  width: number;
  height: number;
  margin: number;
  /** Font size of small text, px; never below 13. */
  small: number;
  /** Font size of names. */
  large: number;
  /** Boxes tell pid and version on a second line. */
  twoLines: boolean;
  bands: Record<string, Rect>;
  /** Free strips above each band but the first, and above the capsule: `strips[i]` is the one below band i. */
  strips: Rect[];
  boxHeight: number;
  slots: Rect[];
  /** The dive's vertical line. */
  diveX: number;
  rock: Rect;
  capsule: { cx: number; cy: number; outer: number; inner: number };
  /** Left and right columns for the labels of the namespaces. */
  ringLabels: { left: Rect; right: Rect };
  /** Columns for image, gauges, lock and mounts. */
  columns: Rect[];
  footer: Rect;
}

/** Units of the small font size. */
const BOX_TWO = 3.1;
const BOX_ONE = 2;
const STRIP = 1.75;
const ROCK_MIN = 19.8;
const LABEL = 6.5;

/** Works out the layout of a viewport. Type shrinks to 13 px before anything is cut. */
export function layoutOf(options: SceneOptions): Layout {
  const width = Math.max(280, options.width);
  const height = Math.max(360, options.height);
  const wanted =
    13 * (options.scale ?? 1) * Math.max(1, Math.min(1.5, 0.76 * Math.min(width / 620, height / 520)));
  const narrow = width < 480;
  const rockMin = narrow ? 26 : ROCK_MIN;
  const fits = (box: number) => height / (4 * (box + STRIP) + rockMin);
  const small = Math.max(13, Math.min(wanted, fits(BOX_ONE), width / 27));
  const twoLines = fits(BOX_TWO) >= small && !narrow;
  const boxHeight = small * (twoLines ? BOX_TWO : BOX_ONE);
  // What height is left over is shared between the bands and the rock.
  const spare = Math.max(0, height - small * rockMin - 4 * (boxHeight + small * STRIP));
  const strip = small * STRIP + Math.min(small * 1.2, spare / 12);
  const margin = small * 0.9;
  const { bands, strips, rock } = bandsOf(width, height, boxHeight, strip);
  return {
    width,
    height,
    margin,
    small,
    large: small * 1.15,
    twoLines,
    bands,
    strips,
    boxHeight,
    rock,
    ...rockOf({ width, margin, small, rock, strip, narrow }),
  };
}

function bandsOf(width: number, height: number, boxHeight: number, strip: number) {
  const bands: Record<string, Rect> = {};
  const strips: Rect[] = [];
  const step = boxHeight + strip;
  const top = strip / 2;
  BANDS.forEach((layer, i) => {
    const y = i === 0 ? 0 : top + i * step - strip / 2;
    const end = top + (i + 1) * step - strip / 2;
    bands[layer] = { x: 0, y, width, height: end - y };
    strips.push({ x: 0, y: top + i * step + boxHeight, width, height: strip });
  });
  const rockY = top + 4 * step - strip / 2;
  return { bands, strips, rock: { x: 0, y: rockY, width, height: height - rockY } };
}

interface RockRoom {
  width: number;
  margin: number;
  small: number;
  rock: Rect;
  strip: number;
  narrow: boolean;
}

function rockOf({ width, margin, small, rock, strip, narrow }: RockRoom) {
  const footer = {
    x: margin,
    y: rock.y + rock.height - small * 1.8,
    width: width - 2 * margin,
    height: small * 1.8,
  };
  const room = { top: rock.y + strip / 2 + small * (narrow ? 1 : 0.5), bottom: footer.y };
  const label = small * LABEL;
  const gap = small * 0.9;
  const tall = narrow ? small * 14 : room.bottom - room.top;
  const outer = Math.min(tall / 2, (width - 2 * (margin + label + gap)) / 2, small * 12.5);
  const diveX = narrow ? width / 2 : margin + Math.max(label + gap + outer, small * 15.2);
  const cy = room.top + (narrow ? outer : tall / 2);
  const left = { x: diveX - outer - gap - label, y: cy - outer, width: label, height: 2 * outer };
  const right = { ...left, x: diveX + outer + gap };
  const slots = slotsOf(width, margin, small, diveX, narrow);
  return {
    footer,
    diveX,
    slots,
    capsule: { cx: diveX, cy, outer, inner: outer - Math.max(small * 1.45, outer * 0.17) },
    ringLabels: { left, right },
    columns: narrow
      ? split(
          {
            x: margin,
            y: cy + outer + small,
            width: width - 2 * margin,
            height: room.bottom - cy - outer - small,
          },
          2,
          small,
        )
      : sideColumns(right.x + label + small, width - margin, room, small),
  };
}

function sideColumns(from: number, to: number, room: { top: number; bottom: number }, small: number): Rect[] {
  const width = Math.max(0, to - from);
  const count = Math.max(1, Math.min(3, Math.floor(width / (small * 15))));
  return split({ x: from, y: room.top, width, height: room.bottom - room.top }, count, small * 1.6);
}

function split(rect: Rect, count: number, gap: number): Rect[] {
  const width = (rect.width - gap * (count - 1)) / count;
  return Array.from({ length: count }, (_, i) => ({ ...rect, x: rect.x + i * (width + gap), width }));
}

function slotsOf(width: number, margin: number, small: number, diveX: number, narrow: boolean): Rect[] {
  const half = Math.min(small * 6.2, diveX - margin - small * 6.4);
  const first = { x: diveX - half, y: 0, width: half * 2, height: 0 };
  const gap = small * 1.3;
  const left = diveX + half + gap;
  const rest = width - margin - left;
  // On a narrow screen there is room for two: what comes third shares the second's place.
  if (narrow) return [first, { ...first, x: left, width: rest }, { ...first, x: left, width: rest }];
  const other = Math.min(small * 14, (rest - gap) / 2);
  return [first, { ...first, x: left, width: other }, { ...first, x: left + other + gap, width: other }];
}
