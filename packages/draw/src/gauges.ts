import { type ContainerPicture, type Gauge, gaugesOf } from '@underdock/chain';
import { bytes, plain } from './format.ts';
import type { Layout, Rect } from './layout.ts';
import { textWidth } from './measure.ts';
import { present, words } from './paint.ts';
import type { Shape } from './shapes.ts';

/** Limits of memory, cpu and pids, and how much of them is used. */
export function gaugeShapes(picture: ContainerPicture, layout: Layout, rect: Rect): Shape[] {
  const row = rect.height / 3;
  return gaugesOf(picture).flatMap((gauge, i) =>
    gaugeOf(gauge, picture, layout, { ...rect, y: rect.y + i * row, height: row }),
  );
}

function gaugeOf(gauge: Gauge, picture: ContainerPicture, layout: Layout, rect: Rect): Shape[] {
  const { meaning, value } = gauge;
  const reading = readingOf(gauge, picture);
  const ref = value ? { seq: value.seq, span: value.span, step: 'kernel/has-cgroup-value' } : undefined;
  const base = { part: 'gauge', states: [reading.state], layer: 'kernel', ref } as const;
  const { small } = layout;
  const bar = { x: rect.x, y: rect.y + small * 1.14, height: Math.max(3, small * 0.2), radius: 1.5 };
  const failed = reading.state === 'failed';
  return present([
    {
      kind: 'rect',
      ...base,
      ...bar,
      key: `gauge/${meaning}`,
      width: rect.width,
      fill: 'rock-line',
      opacity: reading.state === 'unknown' ? 0.4 : 1,
      label: `${meaning}: ${reading.note || 'no limit known yet'}${value ? `, ${value.file}` : ''}`,
    },
    reading.part > 0 && {
      kind: 'rect',
      ...base,
      ...bar,
      key: `gauge/${meaning}/now`,
      width: Math.max(3, rect.width * reading.part),
      fill: failed ? 'rock-failure' : 'rock-kernel',
    },
    ...gaugeWords(meaning, reading, base, layout, rect),
  ]);
}

interface Reading {
  state: 'known' | 'unknown' | 'failed';
  /** How much of the limit is used, 0 to 1. */
  part: number;
  note: string;
}

function readingOf(gauge: Gauge, picture: ContainerPicture): Reading {
  const { meaning, limit, now, value } = gauge;
  if (meaning === 'memory' && picture.oomKilled) return { state: 'failed', part: 1, note: 'out of memory' };
  if (picture.life === 'gone') return { state: 'unknown', part: 0, note: value ? 'gone' : '' };
  if (limit === undefined) return { state: 'unknown', part: 0, note: '' };
  const part = limit && now !== undefined ? Math.min(1, now / limit) : 0;
  return { state: 'known', part, note: gaugeNote(gauge) };
}

function gaugeWords(
  meaning: string,
  reading: Reading,
  base: Pick<Shape, 'part' | 'states' | 'layer' | 'ref'>,
  { small }: Layout,
  rect: Rect,
): Shape[] {
  const nameRoom = textWidth(meaning, { size: small }) + 1;
  const y = rect.y + small * 0.86;
  return [
    ...words({
      ...base,
      key: `gauge/${meaning}/name`,
      x: rect.x,
      y,
      text: meaning,
      room: nameRoom,
      size: small,
      fill: reading.state === 'unknown' ? 'rock-soft' : 'rock-ink',
    }),
    ...words({
      ...base,
      key: `gauge/${meaning}/note`,
      x: rect.x + rect.width,
      y,
      anchor: 'end',
      text: reading.note,
      room: rect.width - nameRoom - small * 0.4,
      size: small,
      fill:
        reading.state === 'failed' ? 'rock-failure' : reading.state === 'unknown' ? 'rock-soft' : 'rock-ink',
    }),
  ];
}

function gaugeNote({ meaning, limit, now }: Gauge): string {
  if (limit === null) return 'no limit';
  if (limit === undefined) return '';
  if (meaning === 'cpu') return `${plain(limit)} cpu`;
  const most = meaning === 'memory' ? bytes(limit) : plain(limit);
  if (now === undefined) return most;
  if (meaning === 'pids') return `${plain(now)} / ${most}`;
  // In the limit's own unit, said once: `2.3 / 64 MiB`.
  const used = now / (limit / Number.parseFloat(most));
  return `${used >= 10 ? Math.round(used) : Math.round(used * 10) / 10} / ${most}`;
}
