export type * from './record.ts';
export { createWeave, type Weave, type WeaveOptions } from './weave.ts';
