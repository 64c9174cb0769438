import { TraceError } from './error.ts';
import { FORMAT_VERSION } from './header.ts';

type Line = Record<string, unknown>;

/** How lines of version N become lines of version N + 1. A header changes its number, events may change their fields. */
export interface Upgrade {
  header(line: Line): Line;
  event(line: Line): Line;
}

/** Keyed by the version that is upgraded FROM. Version 1 is the first, so there is nothing to upgrade yet. */
const UPGRADES: ReadonlyMap<number, Upgrade> = new Map();

/** The upgrades that a trace of `version` needs, oldest first. Throws TraceError `too-new` or `no-upgrade`. */
export function upgradesFrom(version: number, upgrades = UPGRADES, current = FORMAT_VERSION): Upgrade[] {
  if (version > current) {
    throw new TraceError(
      'too-new',
      `this trace has format version ${version}, this underdock reads up to ${current}: update underdock to open it`,
      { line: 1 },
    );
  }
  const needed: Upgrade[] = [];
  for (let v = version; v < current; v++) {
    const upgrade = upgrades.get(v);
    if (!upgrade)
      throw new TraceError(
        'no-upgrade',
        `no way to read format version ${version}: the upgrade from ${v} is missing`,
        { line: 1 },
      );
    needed.push(upgrade);
  }
  return needed;
}
