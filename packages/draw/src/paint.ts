import { type Face, fitText } from './measure.ts';
import type { Shape, TextShape } from './shapes.ts';

interface Words
  extends Face,
    Pick<TextShape, 'key' | 'part' | 'x' | 'y' | 'states' | 'ref' | 'layer' | 'opacity'> {
  text: string;
  /** px that it may take. */
  room: number;
  anchor?: TextShape['anchor'];
  fill: string;
  label?: string;
}

/** One line of text cut to its room, the whole of it in the label; nothing where no letter fits. */
export function words({ room, text, anchor = 'start', size, label, ...rest }: Words): TextShape[] {
  const fitted = fitText(text, room, { size, mono: rest.mono, weight: rest.weight });
  if (fitted === '') return [];
  const full = label ?? (fitted === text ? undefined : text);
  return [{ kind: 'text', ...rest, size, anchor, text: fitted, width: room, label: full }];
}

/** Shapes without the gaps that conditions leave. */
export function present(shapes: readonly (Shape | undefined | false)[]): Shape[] {
  return shapes.filter((shape): shape is Shape => Boolean(shape));
}
