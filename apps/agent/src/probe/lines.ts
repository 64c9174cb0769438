/** One line of the probe: the letter that says what it is, its words, and the one free text (a character a byte). */
export interface ProbeLine {
  letter: string;
  words: string[];
  text: string;
}

/** What bpftrace printed: a line of our program, a count of lost ones, its own talk, or something that makes no sense. */
export type Printed =
  | { is: 'line'; line: ProbeLine }
  | { is: 'lost'; count: number }
  | { is: 'other' }
  | { is: 'malformed' };

const LINE = /^([a-z]) ([^:]*):?([\s\S]*)$/;
const WORDS = /^[a-z0-9-]+( [a-z0-9-]+)*$/;

/**
 * Reads one line of `bpftrace -f json`, given as latin1 text (one character a byte). Each line of the program carries at
 * most one text that others control, and that is last: so it can't be taken for anything else.
 */
export function readPrinted(json: string): Printed {
  const plain = plainText(json);
  if (plain !== undefined) return readLine(plain);
  let message: unknown;
  try {
    message = JSON.parse(mendEscapes(json));
  } catch {
    return { is: 'malformed' };
  }
  if (typeof message !== 'object' || message === null) return { is: 'malformed' };
  const { type, data } = message as { type?: unknown; data?: unknown };
  if (type === 'lost_events') {
    const events = (data as { events?: unknown } | null)?.events;
    return typeof events === 'number' ? { is: 'lost', count: events } : { is: 'malformed' };
  }
  if (type !== 'printf') return { is: 'other' };
  if (typeof data !== 'string' || !data.endsWith('\n')) return { is: 'malformed' };
  return readLine(data.slice(0, -1));
}

const BEFORE = '{"type": "printf", "data": "';
const AFTER = '\\n"}';

/** Nearly every line needs no JSON to be read: it holds nothing that would have to be escaped but the newline at its end. */
function plainText(json: string): string | undefined {
  if (!json.startsWith(BEFORE) || !json.endsWith(AFTER)) return undefined;
  const text = json.slice(BEFORE.length, -AFTER.length);
  return text.includes('\\') || text.includes('"') ? undefined : text;
}

function readLine(text: string): Printed {
  const match = LINE.exec(text);
  if (!match?.[1] || match[2] === undefined || !WORDS.test(match[2])) return { is: 'malformed' };
  return { is: 'line', line: { letter: match[1], words: match[2].split(' '), text: match[3] ?? '' } };
}

// Where char is signed, bpftrace 0.17 writes the byte 0xe9 as \uffffffe9.
function mendEscapes(json: string): string {
  if (!json.includes('\\uffffff')) return json;
  return json.replaceAll(/\\\\|\\uffffff([0-9a-f]{2})/g, (all, byte) => (byte ? `\\u00${byte}` : all));
}

/** Bytes given as latin1 characters, read as UTF-8; what is no UTF-8 becomes U+FFFD. */
export function utf8(latin1: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: plain ASCII needs no second look
  return /^[\x00-\x7f]*$/.test(latin1) ? latin1 : Buffer.from(latin1, 'latin1').toString('utf8');
}
