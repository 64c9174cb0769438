import type { Evidence, Grade } from '@underdock/trace';

/** How an event is known, in words for people. */
export const GRADE_WORDS: Readonly<Record<Grade, string>> = {
  observed: 'Observed: seen at the moment it happened.',
  'read-back': 'Read back: asked of the system afterwards.',
  inferred: 'Inferred: nobody saw it; it follows from what was seen.',
};

/** Where a piece of evidence came from, in words for people. */
export const SOURCE_WORDS: Readonly<Record<Evidence['source'], string>> = {
  tracepoint: 'a tracepoint in the kernel',
  uprobe: 'a probe in the program',
  http: 'an HTTP request',
  grpc: 'a gRPC call',
  events: 'the engine’s own events',
  'runtime-log': 'the runtime’s log',
  file: 'a file',
  procfs: '/proc',
  strace: 'strace',
  self: 'underdock itself, which did it',
};
