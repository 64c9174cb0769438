export type * from './options.ts';
export type * from './shapes.ts';
