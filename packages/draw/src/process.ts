import type { ContainerPicture, ProcessFact } from '@underdock/chain';
import type { Layout } from './layout.ts';
import { words } from './paint.ts';
import type { Shape } from './shapes.ts';

/** Name, both pids and what it is about, above the floor. */
export function processWords(picture: ContainerPicture, layout: Layout): Shape[] {
  const { cx, cy, inner } = layout.capsule;
  const { small, large } = layout;
  const init = picture.init === undefined ? undefined : picture.processes[picture.init];
  const room = inner * 1.62;
  const base = { part: 'life', states: [picture.life], layer: 'process', x: cx, anchor: 'middle' } as const;
  const lines = linesOf(picture, init);
  return lines.flatMap((text, i) =>
    words({
      ...base,
      key: `process/${i}`,
      y: cy - inner * 0.3 + i * small * 1.4,
      text,
      room: i === 0 ? room * 0.92 : room,
      size: i === 0 ? large : small,
      weight: i === 0 ? 600 : 400,
      fill: i === 0 ? (picture.oomKilled ? 'rock-failure' : 'rock-ink') : 'rock-soft',
      ref: init ? { seq: init.seq, span: init.span, step: 'process/has-process' } : undefined,
    }),
  );
}

function linesOf(picture: ContainerPicture, init: ProcessFact | undefined): string[] {
  if (picture.life === 'none') return ['process', 'not yet there'];
  if (picture.life === 'gone') return ['taken apart', exitWords(picture, init)];
  if (!init) return [picture.life === 'dead' ? 'ended' : 'being built', exitWords(picture, init)];
  const pids =
    init.innerPid === undefined
      ? [`pid ${init.pid}`]
      : [`pid ${init.innerPid} inside`, `${init.pid} outside`];
  if (picture.life === 'dead') return [init.comm || 'ended', exitWords(picture, init), ...pids.slice(-1)];
  if (init.waiting) return [init.comm, ...pids, 'waits for start'].slice(0, 4);
  return [init.comm, ...pids];
}

function exitWords(picture: ContainerPicture, init: ProcessFact | undefined): string {
  if (picture.oomKilled) return 'killed: out of memory';
  if (init?.signal) return `ended by signal ${init.signal}`;
  const code = picture.exitCode ?? init?.exitCode;
  return code === undefined ? '' : `exit code ${code}`;
}
