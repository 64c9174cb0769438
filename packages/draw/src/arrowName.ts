import type { Call } from '@underdock/chain';
import type { Layout } from './layout.ts';
import { textWidth } from './measure.ts';
import { words } from './paint.ts';
import type { Route } from './route.ts';
import type { Shape } from './shapes.ts';

/** The name on an arrow: what was said, or what came back. */
export function arrowLabel(call: Call, answers: boolean, count = 1): string {
  const { failure, data } = call;
  if (count > 1) return `${call.name.split(' ')[0]} x ${count}`;
  if (failure)
    return `${call.name}: ${failure.error.replaceAll('-', ' ')}${failure.message ? `, ${failure.message}` : ''}`;
  const ended = call.endAt !== undefined && (answers || call.step === 'client/run');
  if (ended && typeof data.exitCode === 'number') return `${call.name}: exit ${data.exitCode}`;
  if (!answers) return call.name;
  return `${call.name}: done`;
}

/** What an arrow's name says and how loudly. */
export interface Naming {
  text: string;
  opacity: number;
  states: string[];
  weight: number;
}

/** The name beside its arrow, on a plate that hides the lines behind; one name a place, the newest first. */
export function nameOf(
  call: Call,
  route: Route,
  layout: Layout,
  named: Set<string>,
  naming: Naming,
): Shape[] {
  if (named.has(route.place)) return [];
  named.add(route.place);
  const inRock = route.place === 'strip 3';
  const ref = { span: call.span, seq: call.beginSeq, step: call.step };
  const size = layout.small;
  const { y } = route.text;
  const { x, room } = fitted(route, textWidth(naming.text, { size, mono: true }), layout);
  const soft = naming.weight < 600 ? 'ink-soft' : 'ink';
  const text = words({
    key: `name/${call.key}`,
    part: 'text',
    states: naming.states,
    layer: call.layer,
    x,
    y,
    text: naming.text,
    room,
    size,
    mono: true,
    weight: naming.weight,
    fill: call.failure ? 'failure' : soft,
    ref,
  });
  const shown = text[0];
  if (!shown) return [];
  const width = textWidth(shown.text, { size, mono: true });
  const plate: Shape = {
    kind: 'rect',
    key: `plate/${call.key}`,
    part: 'text',
    x: x - size * 0.4,
    y: y - size * 1.05,
    width: width + size * 0.8,
    height: size * 1.45,
    radius: size * 0.35,
    fill: inRock ? 'band-low-level' : plateFill(route.place),
    ref,
  };
  return [plate, ...text];
}

/** A name that is too long for the room to its right begins further left, as far as the dive's own line. */
function fitted({ place, text }: Route, wanted: number, layout: Layout): { x: number; room: number } {
  const { x, room } = text;
  // In a band there are boxes to the left, in a strip only lines.
  if (!place.startsWith('strip')) return text;
  const least = Math.min(x, layout.diveX + layout.small);
  // One px more, since sums of widths are not exact.
  const begin = Math.max(least, x - Math.max(0, wanted + 1 - room));
  return { x: begin, room: room + x - begin };
}

const PLATES = ['band-client', 'band-engine', 'band-high-level', 'band-low-level'];

function plateFill(place: string): string {
  const [where, index] = place.split(' ');
  const band = Number(index) + (where === 'strip' ? 1 : 0);
  return PLATES[Math.min(band, PLATES.length - 1)]!;
}
