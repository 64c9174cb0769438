import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { HOUSE, makePlace, NODE } from './place.ts';

// Runs in namespaces that nobody else is in (place.ts). The recorder proper is then run from the place: this process was loaded
// from a path that is now covered.
makePlace(fileURLToPath(new URL('../../', import.meta.url)));
const inside = [`${HOUSE}/gallery/recorder/inside.ts`, ...process.argv.slice(2)];
process.exitCode = spawnSync(NODE, inside, { stdio: 'inherit' }).status ?? 1;
