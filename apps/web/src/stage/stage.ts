import {
  headPath,
  type LineShape,
  linePath,
  pagePaint,
  patternDefs,
  type Reference,
  ringPath,
  type Scene,
  type Shape,
} from '@underdock/draw';
import { easeCubicOut } from 'd3-ease';
import { type BaseType, type Selection, select } from 'd3-selection';
import 'd3-transition';
import { type ZoomBehavior, zoom, zoomIdentity } from 'd3-zoom';

/** How long an arrow grows and anything else changes, ms. */
const GROW_MS = 250;
const CHANGE_MS = 200;

/** What the stage needs to know of its surroundings. */
export interface StageOptions {
  /** Pictures change in steps, without motion between them. */
  still(): boolean;
  onPick(ref: Reference): void;
  /** The picture is moved or enlarged, or lies as it was drawn. */
  onZoom(zoomed: boolean): void;
}

/** A picture on the page. */
export interface Stage {
  show(scene: Scene): void;
  /** Puts the picture back as it was drawn. */
  fit(): void;
  close(): void;
}

type Node = Selection<SVGGElement, Shape, BaseType, unknown>;
const NS = 'http://www.w3.org/2000/svg';

/** Sets up `svg` as a stage. The only place where d3 touches the page. */
export function openStage(svg: SVGSVGElement, options: StageOptions): Stage {
  const root = select(svg);
  root.selectAll('*').remove();
  root.attr('role', 'group').append('defs').html(patternDefs(pagePaint));
  const world = root.append('g').attr('class', 'world');
  const zoomer = wrapZoom(svg, world, options);
  let first = true;
  return {
    show(scene) {
      root.attr('viewBox', `0 0 ${scene.width} ${scene.height}`).attr('aria-label', scene.label);
      // The first picture stands at once: motion is for change, and nothing has changed yet.
      join(world, scene.shapes, options.still() || first, options);
      rove(svg);
      first = false;
    },
    fit: () => root.call(zoomer.transform, zoomIdentity),
    close() {
      root.on('.zoom', null);
      root.on('keydown', null);
      root.selectAll('*').interrupt().remove();
    },
  };
}

function join(
  world: Selection<SVGGElement, unknown, BaseType, unknown>,
  shapes: readonly Shape[],
  still: boolean,
  options: StageOptions,
): void {
  const nodes = world.selectAll<SVGGElement, Shape>('g.shape').data(shapes, (shape) => shape.key);
  nodes.exit().interrupt().remove();
  const entered = nodes
    .enter()
    .append('g')
    .each(function (shape) {
      this.dataset.key = shape.key;
    });
  const all = entered.merge(nodes).order();
  all.attr('class', classOf).each(function (shape) {
    draw(this, shape, still || this.childNodes.length === 0);
    describe(this, shape, options);
  });
  if (!still) enter(entered);
}

function enter(entered: Node): void {
  const arrows = entered.filter((shape) => shape.kind === 'line' && shape.part === 'arrow');
  arrows
    .select<SVGPathElement>('.ink')
    .attr('stroke-dasharray', '1 1')
    .attr('stroke-dashoffset', 1)
    .transition()
    .duration(GROW_MS)
    .ease(easeCubicOut)
    .attr('stroke-dashoffset', 0)
    .on('end', function (this: SVGPathElement) {
      const shape = select(this.parentNode as SVGGElement).datum() as Shape;
      select(this)
        .attr('stroke-dashoffset', null)
        .attr('stroke-dasharray', shape?.dash ? dashOf(shape) : null);
    });
  entered
    .filter((shape) => !(shape.kind === 'line' && shape.part === 'arrow'))
    .style('opacity', 0)
    .transition()
    .duration(CHANGE_MS)
    .style('opacity', 1)
    .on('end', function () {
      this.style.opacity = '';
    });
}

function classOf(shape: Shape): string {
  const states = (shape.states ?? []).map((state) => `is-${state}`);
  const layer = shape.layer ? [`on-${shape.layer}`] : [];
  return ['shape', `part-${shape.part}`, ...layer, ...states].join(' ');
}

/** Puts the shape's elements into its group: `ink` is the shape itself, `over` its texture, `touch` a wider target. */
function draw(group: SVGGElement, shape: Shape, still: boolean): void {
  const ink = child(group, 'ink', tagOf(shape));
  paint(ink, shape);
  if (shape.kind === 'text') drawText(ink, shape);
  else if (shape.kind === 'rect') drawRect(group, ink, shape, still);
  else ink.setAttribute('d', pathOf(shape));
  if (shape.kind === 'ring') ink.setAttribute('transform', `translate(${shape.cx} ${shape.cy})`);
  if (shape.kind === 'line') drawLine(group, ink, shape);
}

function tagOf(shape: Shape): 'text' | 'rect' | 'path' {
  return shape.kind === 'text' || shape.kind === 'rect' ? shape.kind : 'path';
}

function paint(ink: SVGElement, shape: Shape): void {
  ink.style.fill = shape.fill && shape.kind !== 'line' ? pagePaint(shape.fill) : 'none';
  ink.style.stroke = shape.stroke ? pagePaint(shape.stroke) : 'none';
  set(ink, 'stroke-width', shape.strokeWidth);
  set(ink, 'opacity', shape.opacity);
  if (shape.kind !== 'line') set(ink, 'stroke-dasharray', shape.dash);
}

function drawText(ink: SVGElement, shape: Extract<Shape, { kind: 'text' }>): void {
  set(ink, 'x', shape.x);
  set(ink, 'y', shape.y);
  set(ink, 'text-anchor', shape.anchor);
  set(ink, 'font-size', shape.size);
  set(ink, 'font-weight', shape.weight);
  ink.classList.toggle('machine', shape.mono === true);
  if (ink.textContent !== shape.text) ink.textContent = shape.text;
}

function drawRect(
  group: SVGGElement,
  ink: SVGElement,
  shape: Extract<Shape, { kind: 'rect' }>,
  still: boolean,
): void {
  const { x, y, radius } = shape;
  const box = { x, y, width: Math.max(0, shape.width), height: Math.max(0, shape.height) };
  for (const element of [ink, ...(shape.texture ? [child(group, 'over', 'rect')] : [])]) {
    set(element, 'rx', radius);
    const target = select(element).interrupt();
    if (still) for (const [name, value] of Object.entries(box)) target.attr(name, value);
    else {
      const moving = target.transition().duration(CHANGE_MS).ease(easeCubicOut);
      for (const [name, value] of Object.entries(box)) moving.attr(name, value);
    }
  }
  const over = group.querySelector<SVGElement>(':scope > .over');
  if (over && shape.texture) {
    over.style.fill = `url(#texture-${shape.texture})`;
    over.style.pointerEvents = 'none';
  } else over?.remove();
}

function drawLine(group: SVGGElement, ink: SVGElement, shape: LineShape): void {
  ink.setAttribute('pathLength', '1');
  if (!ink.getAttribute('stroke-dashoffset'))
    set(ink, 'stroke-dasharray', shape.dash ? dashOf(shape) : undefined);
  if (shape.ref) {
    const touch = child(group, 'touch', 'path');
    touch.setAttribute('d', pathOf(shape));
  }
  const head = group.querySelector<SVGElement>(':scope > .head');
  if (shape.head !== 'end') head?.remove();
  else {
    const tip = child(group, 'head', 'path');
    tip.setAttribute('d', headPath(shape));
    tip.style.fill = pagePaint(shape.stroke ?? 'ink');
    set(tip, 'opacity', shape.opacity);
  }
}

/** Dashes in px, told in parts of a path whose length counts as 1 (pathLength). */
function dashOf(shape: Shape): string {
  if (shape.kind !== 'line') return shape.dash ?? '';
  let length = 0;
  for (let i = 1; i < shape.points.length; i++) {
    const [x0, y0] = shape.points[i - 1]!;
    const [x1, y1] = shape.points[i]!;
    length += Math.hypot(x1 - x0, y1 - y0);
  }
  const parts = (shape.dash ?? '').split(/[\s,]+/).map(Number);
  return parts.map((part) => (length > 0 ? part / length : 0).toFixed(5)).join(' ');
}

function pathOf(shape: Shape): string {
  if (shape.kind === 'path') return shape.d;
  if (shape.kind === 'ring') return ringPath(shape);
  return shape.kind === 'line' ? linePath(shape.points) : '';
}

/** Names, tooltips and clicks. What can be clicked is a button for screen readers and the keyboard. */
function describe(group: SVGGElement, shape: Shape, options: StageOptions): void {
  const title = group.querySelector(':scope > title');
  if (shape.label) {
    const named = title ?? group.insertBefore(document.createElementNS(NS, 'title'), group.firstChild);
    if (named.textContent !== shape.label) named.textContent = shape.label;
  } else title?.remove();
  const pickable = shape.ref !== undefined;
  group.classList.toggle('pickable', pickable);
  const asButton = pickable && shape.label !== undefined;
  set(group, 'role', asButton ? 'button' : undefined);
  set(group, 'aria-label', asButton ? shape.label : undefined);
  set(group, 'aria-hidden', asButton ? undefined : 'true');
  if (!asButton) group.removeAttribute('tabindex');
  group.onclick = pickable ? () => options.onPick(shape.ref!) : null;
}

/** One stop for the Tab key in the whole picture; the arrow keys up and down go from thing to thing (WAI-ARIA). */
function rove(svg: SVGSVGElement): void {
  const buttons = [...svg.querySelectorAll<SVGGElement>('g[role=button]')];
  const held = buttons.find((button) => button === document.activeElement);
  const current = held ?? buttons.find((button) => button.classList.contains('is-current')) ?? buttons[0];
  for (const button of buttons) button.setAttribute('tabindex', button === current ? '0' : '-1');
  svg.onkeydown = (event) => {
    const at = buttons.indexOf(event.target as SVGGElement);
    if (at < 0) return;
    if (event.key === 'Enter' || event.key === ' ') buttons[at]!.dispatchEvent(new MouseEvent('click'));
    else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const next = buttons[(at + (event.key === 'ArrowDown' ? 1 : buttons.length - 1)) % buttons.length]!;
      buttons[at]!.setAttribute('tabindex', '-1');
      next.setAttribute('tabindex', '0');
      next.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
}

function wrapZoom(
  svg: SVGSVGElement,
  world: Selection<SVGGElement, unknown, BaseType, unknown>,
  options: StageOptions,
): ZoomBehavior<SVGSVGElement, unknown> {
  let zoomed = false;
  const zoomer = zoom<SVGSVGElement, unknown>()
    .scaleExtent([1, 6])
    // A finger on a picture that is not enlarged belongs to the swipe between the cards.
    .filter((event: Event) => {
      if (event.type.startsWith('touch')) return zoomed || (event as TouchEvent).touches.length > 1;
      return (event as MouseEvent).button === 0 || event.type === 'wheel';
    })
    .on('start', () => {
      const box = svg.viewBox.baseVal;
      const whole: [[number, number], [number, number]] = [
        [0, 0],
        [box.width, box.height],
      ];
      zoomer.translateExtent(whole).extent(whole);
    })
    .on('zoom', ({ transform }) => {
      world.attr('transform', transform.toString());
      zoomed = transform.k > 1.001;
      svg.classList.toggle('is-zoomed', zoomed);
      options.onZoom(zoomed);
    });
  select(svg).call(zoomer).on('dblclick.zoom', null);
  return zoomer;
}

function child(group: SVGGElement, name: string, tag: 'text' | 'rect' | 'path'): SVGElement {
  const found = group.querySelector<SVGElement>(`:scope > .${name}`);
  if (found && found.tagName === tag) return found;
  found?.remove();
  const made = document.createElementNS(NS, tag);
  made.classList.add(name);
  group.appendChild(made);
  return made;
}

function set(element: Element, name: string, value: string | number | undefined): void {
  if (value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}
