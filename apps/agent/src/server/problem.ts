import type { Problem } from '@underdock/trace';

/** What an error means over HTTP, and the body that says it. */
export interface Answer {
  status: number;
  problem: Problem;
  /** True for a fault of ours, whose details belong into the log and not into the answer. */
  ours: boolean;
}

/** A problem with its status, ready to be sent. */
export function problem(status: number, code: string, message: string, remedy?: string): Answer {
  return { status, problem: { error: { code, message, ...(remedy && { remedy }) } }, ours: status >= 500 };
}

const STATUS_BY_CODE: [RegExp, number][] = [
  [/not-found|^no-such|^unknown-run$|^gone$/, 404],
  [
    /conflict|taken|in-use|exists|not-held|not-running|not-ours|not-watching|already|-growing$|-closed$|-busy$/,
    409,
  ],
  [/^too-many/, 429],
  [/^not-ready$|not-supported/, 501],
  [/^closing$/, 503],
  [/^too-large$/, 413],
  [/^broken-trace$/, 422],
  [/^disk-full$|^trace-unwritable$|^cannot-write$/, 507],
];

/**
 * Errors that carry our kind of `code` (lower case with hyphens) speak for themselves: 400 unless the code says more.
 * Anything else is a fault of ours: 500 without details.
 */
export function answerFor(error: unknown): Answer {
  const { code, message, remedy } = (error ?? {}) as { code?: unknown; message?: unknown; remedy?: unknown };
  if (typeof code === 'string' && /^[a-z][a-z0-9-]*$/.test(code) && typeof message === 'string') {
    const status = STATUS_BY_CODE.find(([pattern]) => pattern.test(code))?.[1] ?? 400;
    const known = problem(status, code, message, typeof remedy === 'string' ? remedy : undefined);
    return { ...known, ours: false };
  }
  return problem(500, 'internal', 'underdock made a mistake', 'its terminal says more; please report it');
}

/** The first thing that is wrong with a message, in words: `memory: must be a size such as 64m`. */
export function firstIssue(error: { issues: { path: PropertyKey[]; message: string }[] }): string {
  const issue = error.issues[0];
  if (!issue) return 'it does not have the expected form';
  const path = issue.path.map(String).join('.');
  return path ? `${path}: ${issue.message}` : issue.message;
}
