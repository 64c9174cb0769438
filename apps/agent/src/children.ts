import { spawn as start } from 'node:child_process';
import { courtesy } from './courtesy.ts';

/** `child_process.spawn`, but a child has the usual priority also while this process gives way to what it watches. */
export const spawn = ((...words: Parameters<typeof start>) =>
  courtesy.usually(() => start(...words))) as typeof start;
