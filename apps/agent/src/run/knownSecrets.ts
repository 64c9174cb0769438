import { REDACTED } from './secrets.ts';

/** Shorter values are replaced only where their variable's name stands before them: `1` is everywhere. */
const MIN_LENGTH = 6;

/** Values that are known to be secret, and how to find them in text and in the container's output. */
export class KnownSecrets {
  #values = new Set<string>();
  #entries = new Set<string>();
  #arguments = new Set<string>();
  #forms: string[] = [];
  #pattern: RegExp | undefined;
  #outputPattern: RegExp | undefined;
  #longest = 0;
  #tails = new Map<string, string>();

  /** `asked`: the value came with the request. Of an image's values those that are mere paths and versions stay. */
  add(name: string, value: string, asked: boolean): void {
    this.#entries.add(`${name}=${value}`);
    this.#pattern = undefined;
    if (!asked && /^(?:[\w.-]*\/[\w./:-]*|[vV]?\d[\w.+~-]*|[a-z]{2}_[A-Z]{2}\S*|C\.\S+)$/.test(value)) return;
    this.#addValue(value);
  }

  /** The argument of a flag such as `--password`: short ones go where the flag stands before them. */
  addArgument(flag: string, value: string): void {
    this.#entries.add(`${flag}=${value}`);
    this.#arguments.add(`${flag}=${value}`);
    this.#pattern = undefined;
    this.#addValue(value);
  }

  #addValue(value: string): void {
    if (value.length < MIN_LENGTH || REDACTED.includes(value)) return;
    this.#outputPattern = undefined;
    this.#values.add(value);
    // A terminal writes each line's end as two characters (termios(3), ONLCR).
    if (value.includes('\n')) this.#values.add(value.replaceAll(/\r?\n/g, '\r\n'));
    for (const one of this.#values) this.#longest = Math.max(this.#longest, Buffer.byteLength(one));
  }

  /** The text without known values, also where they are escaped for JSON, a URL, a shell or base64, or cut off at its end. */
  redact(text: string): string {
    if (this.#entries.size === 0) return text;
    this.#pattern ??= this.#build();
    const whole = text.replace(this.#pattern, REDACTED);
    return this.#cutOff(whole);
  }

  /** The same for bytes of a stream: the very buffer that was given if nothing had to go. */
  redactOutput(stream: string, bytes: Buffer): Buffer {
    if (this.#values.size === 0) return bytes;
    this.#outputPattern ??= new RegExp(
      longestFirst([...this.#values].map((value) => Buffer.from(value).toString('latin1'))).join('|'),
      'g',
    );
    const before = this.#tails.get(stream) ?? '';
    const all = before + bytes.toString('latin1');
    this.#tails.set(stream, this.#longest > 1 ? all.slice(-(this.#longest - 1)) : '');
    const ranges = [...all.matchAll(this.#outputPattern)].map((match) => [
      match.index,
      match.index + match[0].length,
    ]);
    const rest = this.#unfinished(all);
    if (rest < all.length) ranges.push([rest, all.length]);
    let at = before.length;
    let clean = '';
    for (const [start = 0, end = 0] of ranges) {
      if (end <= at) continue;
      clean += all.slice(at, Math.max(at, start)) + REDACTED;
      at = end;
    }
    return clean === '' ? bytes : Buffer.from(clean + all.slice(at), 'latin1');
  }

  /** Where a value begins that the end of `bytes` (as latin1) cuts off; the length if none does. */
  #unfinished(bytes: string): number {
    for (const value of this.#values) {
      const raw = Buffer.from(value).toString('latin1');
      const from = bytes.indexOf(raw.slice(0, MIN_LENGTH), Math.max(0, bytes.length - raw.length + 1));
      if (from >= 0 && raw.startsWith(bytes.slice(from))) return from;
    }
    return bytes.length;
  }

  /** Probes cut long strings: what is left of a value at the end of one is a secret too. */
  #cutOff(text: string): string {
    const end = /(?:…|\.\.\.)$/.exec(text)?.index ?? text.length;
    for (const value of this.#forms) {
      if (value.startsWith('/')) continue;
      const from = text.indexOf(value.slice(0, MIN_LENGTH), Math.max(0, end - value.length));
      if (from >= 0 && from + MIN_LENGTH <= end && value.startsWith(text.slice(from, end)))
        return text.slice(0, from) + REDACTED + text.slice(end);
    }
    return text;
  }

  #build(): RegExp {
    const named = this.#short(this.#entries).map(
      ([name, values]) => `(?<=(?<!\\w)${name}=)(?:${values})(?!\\w)`,
    );
    const given = this.#short(this.#arguments).map(
      ([flag, values]) => `(?<=(?<![\\w-])${flag} ['"\\\\]{0,16})(?:${values})(?!\\w)`,
    );
    this.#forms = [...this.#values].flatMap(variants);
    return new RegExp([...named, ...given, ...longestFirst(this.#forms)].join('|'), 'g');
  }

  /** Names and values, as patterns, of what is not replaced wherever it stands. */
  #short(entries: ReadonlySet<string>): [name: string, values: string][] {
    return [...entries].flatMap((entry): [string, string][] => {
      const equals = entry.indexOf('=');
      const value = entry.slice(equals + 1);
      if (this.#values.has(value)) return [];
      return [[escaped(entry.slice(0, equals)), longestFirst(variants(value)).join('|')]];
    });
  }
}

/** A value as it stands in plain text, in JSON, in a URL, in commands of a shell and in base64. */
function variants(value: string): string[] {
  const forms = [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)];
  forms.push(...shellForms(value));
  if (value.length >= MIN_LENGTH) forms.push(Buffer.from(value).toString('base64').replace(/=+$/, ''));
  return [...new Set(forms)].filter((form) => form !== '');
}

/** In quotes, in quotes within quotes (`sh -c` within `sh -c`), and both within double quotes. */
function shellForms(value: string): string[] {
  const quoted = (text: string) => text.replaceAll("'", `'\\''`);
  const forms = [value, quoted(value), quoted(quoted(value))];
  return [...forms, ...forms.map((form) => form.replaceAll(/["`\\$]/g, '\\$&'))];
}

function longestFirst(values: string[]): string[] {
  return [...new Set(values)].sort((a, b) => b.length - a.length).map(escaped);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
