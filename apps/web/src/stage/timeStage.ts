import type { LaneMark } from '@underdock/chain';
import { type BrushBehavior, brushX } from 'd3-brush';
import { select } from 'd3-selection';
import { type D3ZoomEvent, type ZoomBehavior, type ZoomTransform, zoom, zoomIdentity } from 'd3-zoom';
import { markAt } from './laneLayout.ts';
import { type Lie, paintTimeline, type TimePicture } from './timePaint.ts';

/** What the timeline stands in and whom it tells. */
export interface TimeStageOptions {
  canvas: HTMLCanvasElement;
  /** A strip above, with the whole of the time: what is brushed there is shown. */
  strip: SVGSVGElement;
  /** The line of the play position, and its place in the strip. */
  needle: HTMLElement;
  onPick(mark: LaneMark): void;
  onHover(mark: LaneMark | undefined, left: number): void;
  /** Another part of the time is shown, ms. */
  onWindow(from: number, to: number): void;
}

/** The timeline on the page. */
export interface TimeStage {
  show(picture: TimePicture): void;
  /** Enlarges around the play position, where that is in sight. */
  zoomBy(factor: number): void;
  /** Shows the time between two instants. */
  zoomTo(from: number, to: number): void;
  /** Moves the sight by a part of its width. */
  panBy(part: number): void;
  fit(): void;
  /** Brings an instant into sight. */
  bringIn(at: number): void;
  /** The instant at a place, px from the left. */
  atLeft(left: number): number;
  close(): void;
}

const STRIP_HEIGHT = 26;
const CROWD_PX = 4;
/** So far it can be enlarged: a pixel is then about a microsecond. */
const FINEST_MS_PER_PX = 0.001;

/** Sets up the timeline: d3 moves and enlarges it, and draws the brush. */
export function openTimeStage(options: TimeStageOptions): TimeStage {
  return new CanvasTimeline(options);
}

class CanvasTimeline implements TimeStage {
  readonly #options: TimeStageOptions;
  readonly #zoomer: ZoomBehavior<HTMLCanvasElement, unknown>;
  readonly #brush: BrushBehavior<unknown>;
  readonly #observer: ResizeObserver;
  #transform: ZoomTransform = zoomIdentity;
  #picture: TimePicture | undefined;
  #width = 0;
  #crowdOf: TimePicture | undefined;
  #frame = 0;

  constructor(options: TimeStageOptions) {
    this.#options = options;
    const { canvas, strip } = options;
    this.#zoomer = zoom<HTMLCanvasElement, unknown>()
      .filter((event: Event) => (event as MouseEvent).button !== 2)
      .on('zoom', (event: D3ZoomEvent<HTMLCanvasElement, unknown>) => this.#moved(event));
    select(canvas).call(this.#zoomer).on('dblclick.zoom', null);
    this.#brush = brushX().on('brush end', (event) => this.#brushed(event));
    select(strip).append('path').attr('class', 'strip-marks');
    select(strip).append('g').attr('class', 'brush');
    canvas.addEventListener('click', this.#onClick);
    canvas.addEventListener('pointermove', this.#onMove);
    canvas.addEventListener('pointerleave', this.#onLeave);
    this.#observer = new ResizeObserver(() => this.#resized());
    this.#observer.observe(canvas.parentElement!);
    this.#resized();
  }

  show(picture: TimePicture): void {
    const first = this.#picture === undefined;
    this.#picture = picture;
    if (first) this.#resized();
    this.#setExtents();
    this.#showCrowd();
    this.#soon();
  }

  zoomBy(factor: number): void {
    const x = this.#x(this.#picture?.at ?? 0);
    const inSight = x >= 0 && x <= this.#width;
    select(this.#options.canvas).call(this.#zoomer.scaleBy, factor, [inSight ? x : this.#width / 2, 0]);
  }

  zoomTo(from: number, to: number): void {
    const axis = this.#picture?.axis;
    if (!axis || this.#width === 0) return;
    const [left, right] = [axis.partOf(from), axis.partOf(to)];
    const k = Math.max(1, Math.min(1 / Math.max(right - left, 1e-12), this.#most()));
    const transform = zoomIdentity.translate(-left * k * this.#width, 0).scale(k);
    select(this.#options.canvas).call(this.#zoomer.transform, transform);
  }

  panBy(part: number): void {
    select(this.#options.canvas).call(this.#zoomer.translateBy, (-part * this.#width) / this.#transform.k, 0);
  }

  fit(): void {
    select(this.#options.canvas).call(this.#zoomer.transform, zoomIdentity);
  }

  bringIn(at: number): void {
    const x = this.#x(at);
    if (x >= 0 && x <= this.#width) return;
    select(this.#options.canvas).call(
      this.#zoomer.translateBy,
      (this.#width * 0.4 - x) / this.#transform.k,
      0,
    );
  }

  atLeft(left: number): number {
    const axis = this.#picture?.axis;
    return axis ? axis.atPart(this.#transform.invertX(left) / Math.max(1, this.#width)) : 0;
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    this.#observer.disconnect();
    const { canvas, strip } = this.#options;
    canvas.removeEventListener('click', this.#onClick);
    canvas.removeEventListener('pointermove', this.#onMove);
    canvas.removeEventListener('pointerleave', this.#onLeave);
    select(canvas).on('.zoom', null);
    select(strip).selectAll('*').remove();
  }

  readonly #onClick = (event: MouseEvent): void => {
    const mark = this.#markAt(event);
    if (mark) this.#options.onPick(mark);
  };

  readonly #onMove = (event: PointerEvent): void => {
    if (event.buttons !== 0) return;
    const mark = this.#markAt(event);
    this.#options.canvas.style.cursor = mark ? 'pointer' : '';
    this.#options.onHover(mark, event.offsetX);
  };

  readonly #onLeave = (): void => this.#options.onHover(undefined, 0);

  #markAt(event: MouseEvent): LaneMark | undefined {
    if (!this.#picture) return undefined;
    return markAt(this.#picture.placed, { left: event.offsetX, top: event.offsetY }, (at) => this.#x(at));
  }

  #x(at: number): number {
    const axis = this.#picture?.axis;
    return axis ? this.#transform.applyX(axis.partOf(at) * this.#width) : 0;
  }

  #most(): number {
    const shown = this.#picture?.axis.shownMs ?? 1;
    return Math.max(1, shown / (this.#width || 1) / FINEST_MS_PER_PX);
  }

  #moved({ transform, sourceEvent }: D3ZoomEvent<HTMLCanvasElement, unknown>): void {
    this.#transform = transform;
    // What the brush itself has moved must not move the brush.
    if (!(sourceEvent instanceof Event && this.#options.strip.contains(sourceEvent.target as Element))) {
      this.#showBrush();
    }
    this.#options.onWindow(this.atLeft(0), this.atLeft(this.#width));
    this.#soon();
  }

  #brushed({ sourceEvent, selection }: { sourceEvent?: Event; selection: [number, number] | null }): void {
    if (!sourceEvent || !this.#picture) return;
    const [left, right] = selection ?? [0, this.#width];
    if (right - left < 2) return;
    const { axis } = this.#picture;
    this.zoomTo(axis.atPart(left / this.#width), axis.atPart(right / this.#width));
  }

  #showBrush(): void {
    const group = select(this.#options.strip).select<SVGGElement>('g.brush');
    const [left, right] = [this.#transform.invertX(0), this.#transform.invertX(this.#width)];
    group.call(this.#brush.move as never, [Math.max(0, left), Math.min(this.#width, right)]);
  }

  /** How much there is at each place of the strip; the most is as high as the strip. */
  #showCrowd(): void {
    const picture = this.#picture;
    if (!picture || (this.#crowdOf?.lanes === picture.lanes && this.#crowdOf.axis === picture.axis)) return;
    this.#crowdOf = picture;
    const counts = new Float64Array(Math.ceil(this.#width / CROWD_PX) + 1);
    for (const { marks } of picture.lanes.lanes) {
      for (const { begin } of marks) {
        const place = Math.floor((picture.axis.partOf(begin) * this.#width) / CROWD_PX);
        if (place >= 0 && place < counts.length) counts[place]!++;
      }
    }
    const most = Math.log1p(counts.reduce((a, b) => Math.max(a, b), 1));
    const bars = [...counts].map((count, place) => {
      const high = (Math.log1p(count) / most) * (STRIP_HEIGHT - 4);
      return count === 0 ? '' : `M${place * CROWD_PX} ${STRIP_HEIGHT}v${-high}h${CROWD_PX - 1}v${high}z`;
    });
    select(this.#options.strip).select('.strip-marks').attr('d', bars.join(''));
  }

  #setExtents(): void {
    const whole: [[number, number], [number, number]] = [
      [0, 0],
      [this.#width, this.#picture?.height ?? 0],
    ];
    this.#zoomer.scaleExtent([1, this.#most()]).extent(whole).translateExtent(whole);
  }

  #resized(): void {
    const { canvas, strip } = this.#options;
    const width = canvas.parentElement!.clientWidth;
    if (width === 0) return;
    const window = [this.atLeft(0), this.atLeft(this.#width)] as const;
    const before = this.#width;
    this.#width = width;
    this.#brush.extent([
      [0, 0],
      [width, STRIP_HEIGHT],
    ]);
    select(strip).select<SVGGElement>('g.brush').call(this.#brush);
    this.#setExtents();
    this.#crowdOf = undefined;
    this.#showCrowd();
    if (before > 0 && this.#transform.k > 1) this.zoomTo(...window);
    else this.#showBrush();
    this.#soon();
  }

  #soon(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #paint(): void {
    const { canvas, needle } = this.#options;
    const picture = this.#picture;
    if (!picture || this.#width === 0) return;
    const scale = devicePixelRatio || 1;
    const [width, height] = [Math.round(this.#width * scale), Math.round(picture.height * scale)];
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      canvas.style.width = `${this.#width}px`;
      canvas.style.height = `${picture.height}px`;
    }
    const pen = canvas.getContext('2d')!;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    const style = getComputedStyle(canvas);
    const lie: Lie = { width: this.#width, x: (at) => this.#x(at) };
    paintTimeline(pen, picture, lie, (token) => style.getPropertyValue(`--${token}`));
    const x = this.#x(picture.at);
    needle.style.transform = `translateX(${x}px)`;
    needle.hidden = x < -1 || x > this.#width + 1;
  }
}
