import { type ContainerPicture, type Gauge, gaugesOf, type ImageLayer, mountTree } from '@underdock/chain';
import { bytes, plain, rate } from './format.ts';
import type { Layout, Rect } from './layout.ts';
import { textWidth } from './measure.ts';
import { present, words } from './paint.ts';
import type { Shape } from './shapes.ts';

/** Rows of text that a mount tree needs at least to be worth its place. */
const TREE_ROWS = 5;

/** Image, limits, lock and mounts, beside the capsule: in one to three columns. */
export function columnShapes(picture: ContainerPicture, layout: Layout): Shape[] {
  const places = placesOf(layout);
  return [
    ...stackShapes(picture, layout, places.stack),
    ...gaugeShapes(picture, layout, places.gauges),
    ...(places.lock ? lockShapes(picture, layout, places.lock) : []),
    ...(places.mounts ? mountShapes(picture, layout, places.mounts) : []),
  ];
}

/** Who stands where depends on the room alone: nothing moves when more becomes known. */
function placesOf({ columns, small }: Layout): { stack: Rect; gauges: Rect; lock?: Rect; mounts?: Rect } {
  const [first, second, third] = columns as [Rect, Rect?, Rect?];
  const lockHeight = small * 4.05;
  const gaugeHeight = small * 5;
  const pause = small * 0.7;
  const tree = small * 1.4 * (TREE_ROWS + 1);
  const home = second ?? { ...first, y: first.y + first.height - gaugeHeight - lockHeight - pause };
  const gauges = { ...home, height: gaugeHeight };
  const lock = { ...home, y: home.y + gaugeHeight + pause, height: lockHeight };
  const stack = {
    ...first,
    height: (second ? first.y + first.height : home.y) - first.y - (second ? 0 : pause),
  };
  if (third) return { stack, gauges, lock, mounts: third };
  const below = { ...home, y: lock.y + lockHeight + pause };
  const left = first.y + first.height - below.y;
  if (second && left >= tree) return { stack, gauges, lock, mounts: { ...below, height: left } };
  if (stack.height < tree * 2 + pause) return { stack, gauges, lock };
  const half = (stack.height - pause) / 2;
  return {
    stack: { ...stack, height: half },
    mounts: { ...stack, y: stack.y + half + pause, height: half },
    gauges,
    lock,
  };
}

/** The image as a stack that fills: the lowest layer at the bottom, the writable one on top. */
function stackShapes(picture: ContainerPicture, layout: Layout, rect: Rect): Shape[] {
  const row = layout.small * 1.28;
  const { layers, snapshot } = picture;
  const rows = Math.max(0, Math.floor((rect.height - row) / row));
  const hasTop = snapshot?.ready === true;
  const room = rows - (hasTop ? 1 : 0);
  const shown = layers.slice(Math.max(0, layers.length - room));
  const hidden = layers.length - shown.length;
  const title = words({
    key: 'stack/title',
    part: 'stack',
    x: rect.x,
    y: rect.y + layout.small,
    text: stackTitle(picture, hidden),
    room: rect.width,
    size: layout.small,
    fill: 'rock-soft',
  });
  const slabs = shown.flatMap((layer, i) =>
    slabOf(layer, layout, {
      ...rect,
      y: rect.y + row * (1 + (hasTop ? 1 : 0) + shown.length - 1 - i),
      height: row,
    }),
  );
  const top = { ...rect, y: rect.y + row, height: row };
  return [...title, ...(hasTop ? writable(picture, layout, top) : []), ...slabs];
}

function stackTitle({ layers, image, reference }: ContainerPicture, hidden: number): string {
  if (layers.length === 0) return image ? `image ${reference ?? image}` : '';
  const loading = layers.filter((layer) => layer.state === 'fetching' && layer.rate !== undefined);
  const more = hidden > 0 ? `, ${hidden} below` : '';
  if (loading.length > 0) {
    const speed = loading.reduce((sum, layer) => sum + (layer.rate ?? 0), 0);
    return `image, ${rate(speed)}${more}`;
  }
  return `image, ${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}${more}`;
}

function slabOf(layer: ImageLayer, layout: Layout, rect: Rect): Shape[] {
  const failed = layer.state === 'failed';
  const ref = { span: layer.span, step: 'high-level/fetch-layer' };
  const base = { part: 'stack', layer: 'high-level', ref } as const;
  const body = { x: rect.x, y: rect.y, height: rect.height - 2, radius: 3 };
  const filled = fraction(layer);
  const notes = slabNote(layer);
  return present([
    {
      kind: 'rect',
      ...base,
      key: `stack/${layer.index}`,
      states: [layer.state],
      ...body,
      width: rect.width,
      fill: 'rock-raised',
      stroke: failed ? 'rock-failure' : 'rock-line',
      strokeWidth: 1,
      dash: layer.state === 'waiting' ? '3 4' : undefined,
      label: `image layer ${layer.index + 1}: ${layer.state}, ${notes}${layer.digest ? `, ${layer.digest}` : ''}`,
    },
    filled > 0 && {
      kind: 'rect',
      ...base,
      key: `stack/${layer.index}/fill`,
      states: [layer.state],
      ...body,
      width: Math.max(3, rect.width * filled),
      fill: 'slab-fill',
    },
    ...words({
      ...base,
      key: `stack/${layer.index}/note`,
      x: rect.x + layout.small * 0.5,
      y: rect.y + layout.small * 0.98,
      text: notes,
      room: rect.width - layout.small,
      size: layout.small,
      fill: 'rock-ink',
    }),
  ]);
}

function fraction(layer: ImageLayer): number {
  if (layer.state === 'waiting') return 0;
  if (layer.state === 'fetching' || layer.state === 'failed') {
    return layer.totalBytes ? Math.min(1, layer.bytes / layer.totalBytes) : 0;
  }
  return 1;
}

function slabNote(layer: ImageLayer): string {
  const size = layer.totalBytes ?? (layer.bytes > 0 ? layer.bytes : undefined);
  const sized = size === undefined ? '' : bytes(size);
  switch (layer.state) {
    case 'waiting':
      return `${layer.index + 1}: waits`;
    case 'fetching':
      return `${layer.index + 1}: ${bytes(layer.bytes)}${sized ? ` of ${sized}` : ''}`;
    case 'verifying':
    case 'unpacking':
    case 'cached':
    case 'failed':
      return `${layer.index + 1}: ${layer.state}${sized ? ` ${sized}` : ''}`;
    default:
      return `${layer.index + 1}: ${sized}${layer.entries === undefined ? '' : `, ${layer.entries} entries`}`;
  }
}

function writable(picture: ContainerPicture, layout: Layout, rect: Rect): Shape[] {
  const { snapshot } = picture;
  const text = snapshot?.kind === 'copy' ? 'a plain copy, writable' : 'writable layer';
  return [
    {
      kind: 'rect',
      key: 'stack/write',
      part: 'stack',
      layer: 'process',
      x: rect.x,
      y: rect.y,
      width: rect.width,
      height: rect.height - 2,
      radius: 3,
      fill: 'slab-write',
      ref: { span: snapshot?.span, step: 'high-level/prepare-snapshot' },
      label: `${snapshot?.kind} snapshot: ${text}`,
    },
    ...words({
      key: 'stack/write/note',
      part: 'stack',
      x: rect.x + layout.small * 0.5,
      y: rect.y + layout.small * 0.98,
      text,
      room: rect.width - layout.small,
      size: layout.small,
      fill: 'rock-ink',
    }),
  ];
}

/** Limits of memory, cpu and pids, and how much of them is used. */
function gaugeShapes(picture: ContainerPicture, layout: Layout, rect: Rect): Shape[] {
  const row = rect.height / 3;
  return gaugesOf(picture).flatMap((gauge, i) =>
    gaugeOf(gauge, picture, layout, { ...rect, y: rect.y + i * row, height: row }),
  );
}

function gaugeOf(gauge: Gauge, picture: ContainerPicture, layout: Layout, rect: Rect): Shape[] {
  const { small } = layout;
  const gone = picture.life === 'gone';
  const known = gauge.limit !== undefined && !gone;
  const killed = gauge.meaning === 'memory' && picture.oomKilled === true;
  const part = gone
    ? 0
    : killed
      ? 1
      : gauge.limit && gauge.now !== undefined
        ? Math.min(1, gauge.now / gauge.limit)
        : 0;
  const nameRoom = textWidth(gauge.meaning, { size: small }) + 1;
  const note = killed ? 'out of memory' : gone && gauge.value ? 'gone' : known ? gaugeNote(gauge) : '';
  const ref = gauge.value
    ? { seq: gauge.value.seq, span: gauge.value.span, step: 'kernel/has-cgroup-value' }
    : undefined;
  const base = {
    part: 'gauge',
    states: killed ? ['failed'] : [known ? 'known' : 'unknown'],
    layer: 'kernel',
    ref,
  } as const;
  const bar = { y: rect.y + small * 1.14, height: Math.max(3, small * 0.2), radius: 1.5 };
  return present([
    {
      kind: 'rect',
      ...base,
      key: `gauge/${gauge.meaning}`,
      x: rect.x,
      width: rect.width,
      ...bar,
      fill: 'rock-line',
      opacity: known ? 1 : 0.4,
      label: `${gauge.meaning}: ${note || 'no limit known yet'}${gauge.value ? `, ${gauge.value.file}` : ''}`,
    },
    part > 0 && {
      kind: 'rect',
      ...base,
      key: `gauge/${gauge.meaning}/now`,
      x: rect.x,
      width: Math.max(3, rect.width * part),
      ...bar,
      fill: killed ? 'rock-failure' : 'rock-kernel',
    },
    ...words({
      ...base,
      key: `gauge/${gauge.meaning}/name`,
      x: rect.x,
      y: rect.y + small * 0.86,
      text: gauge.meaning,
      room: nameRoom,
      size: small,
      fill: known ? 'rock-ink' : 'rock-soft',
    }),
    ...words({
      ...base,
      key: `gauge/${gauge.meaning}/note`,
      x: rect.x + rect.width,
      y: rect.y + small * 0.86,
      anchor: 'end',
      text: note,
      room: rect.width - nameRoom - small * 0.4,
      size: small,
      fill: killed ? 'rock-failure' : 'rock-ink',
    }),
  ]);
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

/** seccomp, capabilities and no-new-privileges: the lock on the capsule's walls. */
function lockShapes(picture: ContainerPicture, layout: Layout, rect: Rect): Shape[] {
  const row = rect.height / 3;
  const { seccomp, capabilities, 'no-new-privs': privileges } = picture.restrictions;
  const absent = picture.absent.some((item) => item.what.toLowerCase().includes('seccomp'));
  const kept = Array.isArray(capabilities?.value) ? capabilities.value.length : undefined;
  const rows = [
    {
      kind: 'seccomp',
      text: seccomp ? 'syscall filter' : absent ? 'no syscall filter' : 'seccomp',
      on:
        seccomp !== undefined &&
        seccomp.value !== false &&
        seccomp.value !== 0 &&
        seccomp.value !== 'disabled',
      fact: seccomp,
    },
    {
      kind: 'capabilities',
      text:
        kept === undefined ? 'capabilities' : `keeps ${kept} ${kept === 1 ? 'capability' : 'capabilities'}`,
      on: capabilities !== undefined,
      fact: capabilities,
    },
    {
      kind: 'no-new-privs',
      text: 'no new privileges',
      on: privileges !== undefined && privileges.value !== false && privileges.value !== 0,
      fact: privileges,
    },
  ];
  return rows.flatMap(({ kind, text, on: inForce, fact }, i) => {
    // What has ended needs no lock.
    const on = inForce && picture.life !== 'gone';
    const y = rect.y + i * row;
    const ref = fact ? { seq: fact.seq, span: fact.span, step: 'kernel/has-restriction' } : undefined;
    const states = [on ? 'locked' : 'open'];
    return [
      padlock(`lock/${kind}`, rect.x, y, layout.small, on, states, text, ref),
      ...words({
        key: `lock/${kind}/name`,
        part: 'lock',
        states,
        x: rect.x + layout.small * 1.35,
        y: y + layout.small * 0.98,
        text,
        room: rect.width - layout.small * 1.35,
        size: layout.small,
        fill: on ? 'rock-ink' : 'rock-soft',
        ref,
      }),
    ];
  });
}

function padlock(
  key: string,
  x: number,
  y: number,
  small: number,
  on: boolean,
  states: string[],
  text: string,
  ref: Shape['ref'],
): Shape {
  const w = small * 0.8;
  const top = y + small * 0.5;
  const r = w * 0.3;
  const mid = x + w / 2;
  const lift = on ? 0 : small * 0.14;
  const bow = on
    ? `M${mid - r} ${top}v${-r}a${r} ${r} 0 0 1 ${2 * r} 0v${r}`
    : `M${mid - r} ${top}v${-r - lift}a${r} ${r} 0 0 1 ${2 * r} 0`;
  return {
    kind: 'path',
    key,
    part: 'lock',
    states,
    layer: 'kernel',
    d: `M${x} ${top}h${w}v${small * 0.55}h${-w}z${bow}`,
    fill: on ? 'rock-kernel' : undefined,
    stroke: on ? 'rock-kernel' : 'shared',
    strokeWidth: 1.5,
    ref,
    label: `${text}: ${on ? 'in force' : 'not in force'}`,
  };
}

/** What the container sees mounted, as a tree. */
function mountShapes(picture: ContainerPicture, layout: Layout, rect: Rect): Shape[] {
  const rows = mountTree(picture);
  const row = layout.small * 1.4;
  const fit = Math.max(0, Math.floor(rect.height / row) - 1);
  const shown = rows.length > fit ? rows.slice(0, fit - 1) : rows;
  const line = (i: number, key: string, text: string, indent: number, fill: string, seq?: number) =>
    words({
      key,
      part: 'tree',
      x: rect.x + indent,
      y: rect.y + layout.small + i * row,
      text,
      room: rect.width - indent,
      size: layout.small,
      mono: i > 0 && seq !== undefined,
      fill,
      ref: seq === undefined ? undefined : { seq, step: 'kernel/has-mount' },
    });
  if (rows.length === 0) return [];
  return [
    ...line(0, 'tree/title', `${rows.length} ${rows.length === 1 ? 'mount' : 'mounts'}`, 0, 'rock-soft'),
    ...shown.flatMap((mount, i) => {
      const indent = Math.min(mount.depth, 4) * layout.small * 0.9;
      const text = `${mount.mountPoint} ${mount.fstype}${mount.readOnly ? ' ro' : ''}`;
      return line(i + 1, `tree/${mount.mountPoint}`, text, indent, 'rock-ink', mount.seq);
    }),
    ...(shown.length < rows.length
      ? line(shown.length + 1, 'tree/more', `and ${rows.length - shown.length} more`, 0, 'rock-soft')
      : []),
  ];
}
