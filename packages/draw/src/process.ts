import type { ContainerPicture, ProcessFact } from '@underdock/chain';
import type { Layout } from './layout.ts';
import { words } from './paint.ts';
import type { Shape } from './shapes.ts';

/** Name, both pids and what it is about, above the floor. */
export function processWords(picture: ContainerPicture, layout: Layout): Shape[] {
  const { cx, cy, inner } = layout.capsule;
  const { small, large } = layout;
  const init = picture.init === undefined ? undefined : picture.processes.get(String(picture.init));
  const room = inner * 1.62;
  const base = { part: 'life', states: [picture.life], layer: 'process', x: cx, anchor: 'middle' } as const;
  // Few words where the ring is small: the floor below must stay free.
  const terse = inner < small * 5;
  const brief = inner < small * 6.5;
  const lines = linesOf(picture, init, terse, brief);
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

function linesOf(
  picture: ContainerPicture,
  init: ProcessFact | undefined,
  terse: boolean,
  brief: boolean,
): string[] {
  if (picture.life === 'none') return ['process', 'not yet there'];
  if (picture.life === 'gone') return ['taken apart', exitWords(picture, init)];
  if (!init) return [picture.life === 'dead' ? 'ended' : 'being built', exitWords(picture, init)];
  const name = (brief ? init.comm.replace(/^runc:/, '') : init.comm) || 'process';
  if (picture.life === 'dead')
    return [name, exitWords(picture, init), ...(terse ? [] : [`${init.pid} outside`])];
  const pids = pidWords(init, terse);
  return init.waiting && !brief ? [name, ...pids, 'waits for start'] : [name, ...pids];
}

/** Both numbers of a process, where both are known. */
function pidWords({ pid, innerPid }: ProcessFact, terse: boolean): string[] {
  if (innerPid === undefined) return [`pid ${pid}`];
  return terse ? [`pid ${innerPid}`, `host ${pid}`] : [`pid ${innerPid} inside`, `${pid} outside`];
}

function exitWords(picture: ContainerPicture, init: ProcessFact | undefined): string {
  if (picture.oomKilled) return 'killed: out of memory';
  if (init?.signal) return `ended by signal ${init.signal}`;
  const code = picture.exitCode ?? init?.exitCode;
  return code === undefined ? '' : `exit code ${code}`;
}
