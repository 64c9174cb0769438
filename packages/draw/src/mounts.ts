import { type ContainerPicture, mountTree } from '@underdock/chain';
import type { Layout, Rect } from './layout.ts';
import { words } from './paint.ts';
import type { Shape } from './shapes.ts';

/** What the container sees mounted, as a tree. */
export function mountShapes(picture: ContainerPicture, layout: Layout, rect: Rect): Shape[] {
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
  if (rows.length === 0 || fit < 2) return [];
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
