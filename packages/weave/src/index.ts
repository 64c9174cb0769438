export { capabilitiesOfHex } from './decode/capabilities.ts';
export { type CgroupValue, cgroupValue } from './decode/cgroupFiles.ts';
export { errnoNumber } from './decode/errno.ts';
export { signalNumber } from './decode/signals.ts';
export type * from './record.ts';
export { decodePayload, type Said } from './sort/payload.ts';
export { RECORDER, ROOT_COMMS, readRoot, recordingOf } from './sort/roots.ts';
export { type Claim, createSorter, type Found, type Sorter, type SorterOptions } from './sort/sorter.ts';
export { createWeave, type Weave, type WeaveOptions } from './weave.ts';
