export { capabilitiesOfHex } from './decode/capabilities.ts';
export { type CgroupValue, cgroupValue } from './decode/cgroupFiles.ts';
export { errnoNumber } from './decode/errno.ts';
export { signalNumber } from './decode/signals.ts';
export type * from './record.ts';
export { createWeave, type Weave, type WeaveOptions } from './weave.ts';
