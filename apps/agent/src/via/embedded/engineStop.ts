import { signalNumber } from '../../processes.ts';
import type { Tell } from '../../run/tell.ts';
import { settlesWithin } from '../gate.ts';
import { EmbeddedError } from './error.ts';
import type { LowLevelRuntime } from './lowLevel/runtime.ts';

/** A container whose process lives, and when it will have ended. */
export interface LivingContainer {
  id: string;
  /** Of its init, as the host sees it. */
  pid: number;
  runtime: LowLevelRuntime;
  exited: Promise<unknown>;
  tell: Tell;
  clientSpan: string;
}

/**
 * The signal to ask with: the wanted one, else the image's, else SIGTERM where the image names none that exists. Throws
 * EmbeddedError `bad-signal` for a wanted one that does not exist.
 */
export function stopSignal(wanted: string | undefined, image: string | undefined): string {
  if (wanted === undefined) return image !== undefined && signalNumber(image) ? image : 'SIGTERM';
  if (signalNumber(wanted) !== undefined) return wanted;
  throw new EmbeddedError('bad-signal', `there is no signal ${JSON.stringify(wanted)}`, {
    remedy: 'name one as kill -l lists them, such as SIGTERM, SIGINT or 15',
  });
}

/** A signal that comes as the process ends by itself is refused by the runtime: so long its end is waited for (ms). */
const LATE_END_MS = 1000;

/**
 * Asks with `signal`, and kills what has not ended after `graceMs` (0 = kill at once). Resolves when the process is gone;
 * rejects when the runtime can't signal it.
 */
export async function stopContainer(living: LivingContainer, signal: string, graceMs: number): Promise<void> {
  const { id, tell, clientSpan, exited } = living;
  const act = tell.begin(
    'engine/stop-container',
    { signal, graceMs },
    { cause: [clientSpan], container: id },
  );
  try {
    if (graceMs > 0) await sendSignal(living, signal, act.span);
    const gone = await settlesWithin(exited, graceMs);
    if (!gone) await killContainer(living, act.span);
    await exited;
    act.end({ killed: !gone });
  } catch (error) {
    act.fail(error);
    throw error;
  }
}

/** Kills without asking. Rejects when the runtime can't signal the process. */
export async function killContainer(living: LivingContainer, cause: string): Promise<void> {
  const about = { cause: [cause], container: living.id };
  const act = living.tell.begin('engine/kill-container', { signal: 'SIGKILL' }, about);
  try {
    await sendSignal(living, 'SIGKILL', act.span);
    act.end();
  } catch (error) {
    act.fail(error);
    throw error;
  }
}

async function sendSignal(
  { id, runtime, exited, tell }: LivingContainer,
  signal: string,
  cause: string,
): Promise<void> {
  try {
    await runtime.kill(id, signal, tell, cause);
  } catch (error) {
    if (!(await settlesWithin(exited, LATE_END_MS))) throw error;
  }
}
