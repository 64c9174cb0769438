export { capabilitiesOfHex } from './decode/capabilities.ts';
export { type CgroupValue, cgroupValue } from './decode/cgroupFiles.ts';
export type * from './record.ts';
export { createWeave, type Weave, type WeaveOptions } from './weave.ts';
