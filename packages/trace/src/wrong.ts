import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** The first thing that is wrong with a line, in words: which field, and what it would have to be. */
export function whatIsWrong({ issues }: z.ZodError): string {
  const issue = issues[0];
  if (!issue) return 'unknown fault';
  const field = issue.path.map(String).join('.');
  return `${field === '' ? 'the line' : field} ${wordsOf(issue)}`;
}

function wordsOf(issue: Issue): string {
  if (issue.code === 'invalid_type') return `has to be of the type ${issue.expected}`;
  if (issue.code === 'invalid_value') return `has to be ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_big') return `is longer or larger than ${issue.maximum}`;
  if (issue.code === 'too_small') return `is shorter or smaller than ${issue.minimum}`;
  if (issue.code === 'invalid_format') return `is not written as a ${issue.format} is`;
  return `is faulty (${issue.message})`;
}

/** How other files begin, and what to do with each. */
const OTHERS: readonly [begins: RegExp | string, what: string][] = [
  [
    /^\s*<(!doctype|html|\?xml)/i,
    'this is a web page: take the address of the trace itself, not of a page about it',
  ],
  ['version https://git-lfs', 'this is a pointer of Git LFS: fetch the file itself (git lfs pull)'],
  ['PK\u0003\u0004', 'this is a zip archive: unpack it first'],
  ['\u001f\ufffd', 'this is packed twice: unpack it once (gunzip)'],
  ['(\ufffd/\ufffd', 'this is packed with zstd: unpack it first (zstd -d)'],
  ['\u007fELF', 'this is a program'],
  [
    /^\s*\{\s*$/,
    'this is JSON over several lines: a trace has one line for its header and one for each event',
  ],
  [/^\s*\[/, 'this is a JSON list: a trace has one line for its header and one for each event'],
  [
    /^\s*\{"(resourceSpans|traceEvents)"/,
    'this is a trace of another format: underdock writes it and can’t read it back',
  ],
  [/^\s*\{"seq":/, 'the header is missing: the file begins with an event'],
];

/** What a text without a header is, as far as its first line tells. */
export function otherFile(line: string): string {
  const known = OTHERS.find(([begins]) =>
    typeof begins === 'string' ? line.startsWith(begins) : begins.test(line),
  );
  const what = 'the first line is no header of a trace: expected {"underdock":1,…}';
  if (known) return `${what}; ${known[1]}`;
  const isBinary = line.startsWith('\ufffd\ufffd') || line.slice(0, 1000).includes('\u0000');
  return isBinary ? `${what}; this is no UTF-8 text: it may have been saved as UTF-16, or be damaged` : what;
}
