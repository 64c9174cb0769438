import type { TraceEvent } from '@underdock/trace';
import { object, text } from '../fields.ts';
import type { Seen } from './seen.ts';
import { gap, none, type Place, type ProvenanceGap } from './types.ts';

/** Why the request to the engine is not there. */
export function noRequest(seen: Seen): ProvenanceGap {
  const { via } = seen.header;
  if (via === 'embedded') {
    return none('api', 'underdock’s own engine takes the option as it is: there is no request in between');
  }
  if (via === 'oci') return none('api', 'there is no engine on this road: the runtime is called directly');
  if (seen.bodies.length > 0) return none('api', 'the request has no such field');
  return gap('api', 'the request’s body could not be seen, and nothing was read back with inspect');
}

/** Why a field of config.json is not there: the config itself, or only the field. */
export function noField(seen: Seen, what: RegExp, otherwise: string): ProvenanceGap {
  const absent = seen.absent.find((one) => what.test(one.what));
  if (absent) return gap('config', `not possible here: ${absent.why}`);
  if (!seen.config) {
    return (
      early(seen, 'config') ?? gap('config', 'config.json was not seen: nobody read it back from the bundle')
    );
  }
  return none('config', otherwise);
}

/** Why an act of the kernel was not seen. */
export function noAct(seen: Seen, what: string): ProvenanceGap {
  const lost = seen.lost > 0 ? `; ${seen.lost} records of the watchers were lost` : '';
  const unwatched = seen.unwatched && `nobody watched the kernel: ${seen.unwatched}`;
  if (unwatched) return gap('kernel', unwatched);
  return early(seen, 'kernel') ?? gap('kernel', `${what} was not seen${lost}`);
}

/** Why the kernel’s own files say nothing of it; `older` is what was read before the act that it would have to witness. */
export function noReading(seen: Seen, what: string, older?: TraceEvent): ProvenanceGap {
  if (older)
    return gap('now', `${what} was read only before that call, and so is no witness of it`, older.seq);
  return early(seen, 'now') ?? gap('now', `${what} was not read back`);
}

/** With systemd's cgroup driver the runtime asks systemd, which no watcher of this run follows. */
export function isSystemd(seen: Seen): boolean {
  const path = text(object(seen.config?.config ?? {}, 'linux') ?? {}, 'cgroupsPath');
  return /^[^/]+\.slice:[^:]*:/.test(path ?? '');
}

/** Where nothing has happened there is nothing to miss. */
function early(seen: Seen, place: Place): ProvenanceGap | undefined {
  if (seen.built) return undefined;
  return none(place, seen.over ? 'the run ended before this' : 'the run has not come to this yet');
}
