import type { ContainerPicture, RestrictionFact } from '@underdock/chain';
import type { Layout, Rect } from './layout.ts';
import { words } from './paint.ts';
import type { Shape } from './shapes.ts';

interface Bolt {
  kind: string;
  text: string;
  /** In force. */
  on: boolean;
  fact?: RestrictionFact;
}

/** seccomp, capabilities and no-new-privileges: the lock on the capsule's walls. */
export function lockShapes(picture: ContainerPicture, layout: Layout, rect: Rect): Shape[] {
  const row = rect.height / 3;
  const { small } = layout;
  // What has ended needs no lock.
  const over = picture.life === 'gone';
  return boltsOf(picture).flatMap(({ kind, text, on: inForce, fact }, i) => {
    const on = inForce && !over;
    const y = rect.y + i * row;
    const ref = fact ? { seq: fact.seq, span: fact.span, step: 'kernel/has-restriction' } : undefined;
    const base = { part: 'lock', layer: 'kernel', states: [on ? 'locked' : 'open'], ref } as const;
    return [
      {
        ...base,
        ...padlock(rect.x, y, small, on),
        key: `lock/${kind}`,
        label: `${text}: ${on ? 'in force' : 'not in force'}`,
      },
      ...words({
        ...base,
        key: `lock/${kind}/name`,
        x: rect.x + small * 1.35,
        y: y + small * 0.98,
        text,
        room: rect.width - small * 1.35,
        size: small,
        fill: on ? 'rock-ink' : 'rock-soft',
      }),
    ];
  });
}

function boltsOf({ restrictions, absent }: ContainerPicture): Bolt[] {
  const { seccomp, capabilities, 'no-new-privs': privileges } = restrictions;
  const kept = Array.isArray(capabilities?.value) ? capabilities.value.length : undefined;
  const filtered = isOn(seccomp);
  const known = seccomp !== undefined || absent.some(({ what }) => what.toLowerCase().includes('seccomp'));
  return [
    {
      kind: 'seccomp',
      text: filtered ? 'syscall filter' : known ? 'no syscall filter' : 'seccomp',
      on: filtered,
      fact: seccomp,
    },
    {
      kind: 'capabilities',
      text:
        kept === undefined ? 'capabilities' : `keeps ${kept} ${kept === 1 ? 'capability' : 'capabilities'}`,
      on: capabilities !== undefined,
      fact: capabilities,
    },
    { kind: 'no-new-privs', text: 'no new privileges', on: isOn(privileges), fact: privileges },
  ];
}

function isOn(fact: RestrictionFact | undefined): boolean {
  return fact !== undefined && fact.value !== false && fact.value !== 0 && fact.value !== 'disabled';
}

/** A padlock of the height of a line, its bow lifted while it is open. */
function padlock(x: number, y: number, small: number, on: boolean) {
  const w = small * 0.8;
  const top = y + small * 0.5;
  const r = w * 0.3;
  const mid = x + w / 2;
  const bow = on
    ? `M${mid - r} ${top}v${-r}a${r} ${r} 0 0 1 ${2 * r} 0v${r}`
    : `M${mid - r} ${top}v${-r - small * 0.14}a${r} ${r} 0 0 1 ${2 * r} 0`;
  return {
    kind: 'path',
    d: `M${x} ${top}h${w}v${small * 0.55}h${-w}z${bow}`,
    fill: on ? 'rock-kernel' : undefined,
    stroke: on ? 'rock-kernel' : 'shared',
    strokeWidth: 1.5,
  } as const;
}
