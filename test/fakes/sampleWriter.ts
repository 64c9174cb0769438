import type { Actor, Layer, TraceEvent } from '@underdock/trace';

/** The full id of the sample's container. */
export const ID = '4f1c9a7d2be84630b1f05a6c7d8e9f00112233445566778899aabbccddeeff00';
export const UNDERDOCK: Actor = { name: 'underdock', pid: 4000, version: '0.1.0' };
export const RUNC: Actor = { name: 'runc', pid: 4100, version: '1.1.5' };
export const CHILD: Actor = { name: 'runc:[1:CHILD]', pid: 4107 };
export const INIT: Actor = { name: 'runc:[2:INIT]', pid: 4108 };

/** Writes events one after the other, as the weave would. */
export class Sample {
  readonly events: TraceEvent[] = [];
  at = 0;

  #add(event: Pick<TraceEvent, 'type' | 'step' | 'layer' | 'actor' | 'data'> & Partial<TraceEvent>): void {
    this.at += 0.7 + (this.events.length % 5) * 0.9;
    const raw = { event: event.step, ...event.data };
    const seen = event.layer === 'kernel' ? 'tracepoint' : 'self';
    this.events.push({
      seq: this.events.length + 1,
      at: Math.round(this.at * 1000) / 1000,
      evidence: [{ source: event.type === 'fact' ? 'procfs' : seen, raw }],
      grade: event.type === 'fact' ? 'read-back' : 'observed',
      container: ID,
      ...event,
    });
  }

  begin(step: string, layer: Layer, actor: Actor, span: string, data = {}, cause?: string[]): void {
    this.#add({ type: 'begin', step, layer, actor, span, data, ...(cause && { cause }) });
  }
  end(step: string, layer: Layer, actor: Actor, span: string, data = {}): void {
    this.#add({ type: 'end', step, layer, actor, span, data });
  }
  act(step: string, layer: Layer, actor: Actor, span: string, data: object, cause: string[], end = {}): void {
    this.begin(step, layer, actor, span, data, cause);
    this.end(step, layer, actor, span, end);
  }
  progress(step: string, layer: Layer, actor: Actor, span: string, data: object): void {
    this.#add({ type: 'progress', step, layer, actor, span, data: { ...data } });
  }
  log(step: string, layer: Layer, actor: Actor, data: object, cause?: string[]): void {
    this.#add({ type: 'log', step, layer, actor, data: { ...data }, ...(cause && { cause }) });
  }
  fact(step: string, layer: Layer, actor: Actor, data: object, span?: string): void {
    this.#add({ type: 'fact', step, layer, actor, data: { ...data }, ...(span && { span }) });
  }
}
