import type { TraceEvent } from '@underdock/trace';
import type { LineOutlet } from './chainLines.ts';
import { bytesInWords } from './words.ts';

const WIDTH = 24;

/** One line at the bottom of a terminal that fills while layers are fetched; nothing where there is no terminal. */
export class PullBar {
  readonly #outlet: LineOutlet;
  readonly #layers = new Map<string, { bytes: number; totalBytes: number }>();
  #drawn = false;

  constructor(outlet: LineOutlet) {
    this.#outlet = outlet;
  }

  event({ step, type, span, data }: TraceEvent): void {
    if (step !== 'high-level/fetch-layer' || span === undefined || !this.#outlet.isTTY) return;
    const layer = this.#layers.get(span) ?? { bytes: 0, totalBytes: 0 };
    if (typeof data.totalBytes === 'number') layer.totalBytes = data.totalBytes;
    if (typeof data.bytes === 'number') layer.bytes = data.bytes;
    this.#layers.set(span, layer);
    if (type === 'end') layer.bytes = layer.totalBytes;
    if ([...this.#layers.values()].every((one) => one.bytes >= one.totalBytes)) {
      this.clear();
      this.#layers.clear();
    } else this.draw();
  }

  draw(): void {
    if (this.#layers.size === 0) return;
    const sum = (field: 'bytes' | 'totalBytes') =>
      [...this.#layers.values()].reduce((total, layer) => total + layer[field], 0);
    const [bytes, total] = [sum('bytes'), sum('totalBytes')];
    const full = total > 0 ? Math.min(WIDTH, Math.floor((bytes / total) * WIDTH)) : 0;
    const bar = `${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}`;
    const text = `  pulling ${this.#layers.size} layers [${bar}] ${bytesInWords(bytes)} of ${bytesInWords(total)}`;
    this.#outlet.write(`\r\x1b[K${text.slice(0, (this.#outlet.columns || 80) - 1)}`);
    this.#drawn = true;
  }

  clear(): void {
    if (this.#drawn) this.#outlet.write('\r\x1b[K');
    this.#drawn = false;
  }
}
