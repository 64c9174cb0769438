import type { Layer } from '@underdock/trace';

/** What a shape is in the picture: becomes a class name, so that the page can style and animate it. */
export type Part =
  | 'band'
  | 'bedrock'
  | 'depth'
  | 'box'
  | 'arrow'
  | 'mark'
  | 'cross'
  | 'gap'
  | 'segment'
  | 'gauge'
  | 'lock'
  | 'stack'
  | 'tree'
  | 'life'
  | 'hint'
  | 'text';

/** The name of a colour in theme.ts; the page has it as the CSS property `--<token>`. */
export type Token = string;

/** What a click on a shape leads to. */
export interface Reference {
  span?: string;
  /** Sequence number of an event. */
  seq?: number;
  /** Key of an actor. */
  actor?: string;
  /** A name out of the step catalogue, for the explanation. */
  step?: string;
}

/** A pattern or gradient laid over the fill: `url(#texture-<name>)`, see patternDefs. */
export type Texture = 'bedrock' | 'hatch' | 'shaft' | 'glow';

interface ShapeBase {
  /** Stable from picture to picture: the same thing keeps its key. */
  key: string;
  part: Part;
  /** State words that become class names too: `current`, `fading`, `old`, `failed`, `own`, `shared`, `waiting` … */
  states?: readonly string[];
  layer?: Layer;
  /** For screen readers, and the tooltip where a text was cut. A shape without one is decoration of another. */
  label?: string;
  ref?: Reference;
  fill?: Token;
  stroke?: Token;
  strokeWidth?: number;
  opacity?: number;
  dash?: string;
}

/** Band, box, gauge, image layer: a rectangle; `texture` names a pattern drawn over the fill. */
export interface RectShape extends ShapeBase {
  kind: 'rect';
  x: number;
  y: number;
  width: number;
  height: number;
  radius?: number;
  texture?: Texture;
}

/** An arrow or a plain line through points; it grows from the first point to the last. */
export interface LineShape extends ShapeBase {
  kind: 'line';
  points: readonly (readonly [number, number])[];
  head?: 'end' | 'none';
}

/** One piece of a ring, angles in radians clockwise from 12 o'clock (as d3-shape's arc). */
export interface RingShape extends ShapeBase {
  kind: 'ring';
  cx: number;
  cy: number;
  innerRadius: number;
  outerRadius: number;
  startAngle: number;
  endAngle: number;
  texture?: Texture;
}

/** A free path: SVG path data in the scene's coordinates. */
export interface PathShape extends ShapeBase {
  kind: 'path';
  d: string;
}

/** One line of text, already cut to fit. `x`, `y` = where it is anchored and its baseline. */
export interface TextShape extends ShapeBase {
  kind: 'text';
  x: number;
  y: number;
  text: string;
  /** px. */
  size: number;
  anchor: 'start' | 'middle' | 'end';
  mono?: boolean;
  weight?: number;
  /** The width (px) that it takes at most, by measured widths of wide fonts. */
  width: number;
}

export type Shape = RectShape | LineShape | RingShape | PathShape | TextShape;

/** A picture: shapes in painting order. */
export interface Scene {
  width: number;
  height: number;
  shapes: readonly Shape[];
  /** One sentence that says what the picture shows, for screen readers. */
  label: string;
}
