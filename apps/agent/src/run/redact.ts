import type { RunRequest, TraceEvent, TraceHeader } from '@underdock/trace';
import { secretWord } from './argumentSecrets.ts';
import { KnownSecrets } from './knownSecrets.ts';
import { isSecretName, REDACTED, redactPatterns, SECRET_KEY } from './secrets.ts';

/**
 * Takes secrets out of everything that a run stores or sends: values of environment variables (names stay), credentials
 * in URLs and headers, text that looks like a key. Applying it twice changes nothing more.
 */
export interface Redactor {
  /** Environment that became known later (the image's): `KEY=value` each. */
  learnEnv(env: readonly string[]): void;
  /** The header without secrets; `redacted` names what is known to be redacted so far. */
  header(header: TraceHeader): TraceHeader;
  /**
   * The event without secrets. The bytes of `process/output` lose only known values of at least 6 bytes; a value split over
   * chunks is caught from its second chunk on, and in its first from 6 bytes on.
   */
  event(event: TraceEvent): TraceEvent;
  /** A request as lists may show it; the text of a config.json, whose environment is not known yet, is left out. */
  request(request: RunRequest): Record<string, unknown>;
  text(text: string): string;
  /** Names of what was redacted since the last call, for `trace/redacted` events; `header` counts as a call. */
  takeNew(): string[];
}

/** A redactor for one run: it knows the values that the request carries. */
export function createRedactor(
  request: Pick<RunRequest, 'env'> & Partial<Pick<RunRequest, 'command'>>,
): Redactor {
  const redactor = new RunRedactor();
  redactor.learnEnv(request.env, true);
  redactor.learnArguments(request.command ?? []);
  return redactor;
}

class RunRedactor implements Redactor {
  #secrets = new KnownSecrets();
  #names = new Set<string>();
  #told = new Set<string>();

  learnEnv(env: readonly string[], asked = false): void {
    for (const entry of env) {
      const [name, value] = splitEntry(entry);
      if (value === undefined || value === '' || value === REDACTED || !isSecretName(name)) continue;
      this.#names.add(`env ${name}`.slice(0, 300));
      this.#secrets.add(name, value, asked);
    }
  }

  /** The command's words also become text: a title, a line to type, a script. There the flag is no neighbour in a list. */
  learnArguments(words: readonly string[]): void {
    for (const index of words.keys()) {
      const found = secretWord(words, index);
      if (found?.kind === 'variable') this.learnEnv([found.entry], true);
      else if (found) this.#secrets.addArgument(found.flag, found.secret);
    }
  }

  header(header: TraceHeader): TraceHeader {
    const command = this.#value(header.command, 'command') as string[];
    const isTyped = header.title !== '' && header.command.join(' ').startsWith(header.title);
    const title = this.text(isTyped ? command.join(' ').slice(0, header.title.length) : header.title);
    const redacted = [...new Set([...header.redacted, ...this.#names])].slice(0, 1000);
    for (const name of this.#names) this.#told.add(name);
    return { ...header, title, command, redacted };
  }

  event(event: TraceEvent): TraceEvent {
    const evidence = event.evidence.map((one) => ({
      ...one,
      raw: this.#value(one.raw, 'raw') as Record<string, unknown>,
    }));
    return { ...event, data: this.#data(event), evidence };
  }

  request({ config: _text, ...request }: RunRequest): Record<string, unknown> {
    return this.#value(request, 'request') as Record<string, unknown>;
  }

  text(text: string): string {
    return redactPatterns(this.#secrets.redact(text), (name) => this.#names.add(name));
  }

  takeNew(): string[] {
    const fresh = [...this.#names].filter((name) => !this.#told.has(name));
    for (const name of fresh) this.#told.add(name);
    return fresh;
  }

  #data(event: TraceEvent): Record<string, unknown> {
    const { stream, base64, ...rest } = event.data;
    if (event.step !== 'process/output' || typeof base64 !== 'string') {
      return this.#value(event.data, 'data') as Record<string, unknown>;
    }
    const bytes = Buffer.from(base64, 'base64');
    const clean = this.#secrets.redactOutput(String(stream), bytes);
    const data = { stream, base64: clean === bytes ? base64 : clean.toString('base64') };
    return { ...data, ...(this.#value(rest, 'data') as object) };
  }

  #value(value: unknown, key: string): unknown {
    if (typeof value === 'string') {
      if (!SECRET_KEY.test(key) || value === '') return this.text(value);
      this.#names.add(`field ${key}`);
      return REDACTED;
    }
    if (Array.isArray(value)) return this.#list(value, key);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    if (isEnvironment(key))
      return Object.fromEntries(entries.map(([name, one]) => this.#variable(name, one)));
    return Object.fromEntries(entries.map(([name, one]) => [name, this.#value(one, name)]));
  }

  /** Arguments and environments: what an element means can depend on the one before it. */
  #list(list: unknown[], key: string): unknown[] {
    return list.map((item, index) => {
      if (typeof item !== 'string') return this.#value(item, '');
      if (isEnvironment(key)) return this.#entry(item, '');
      const found = secretWord(list, index);
      if (found?.kind === 'variable') return this.#entry(found.entry, found.prefix);
      if (found) {
        this.#names.add(`argument of ${found.flag}`.slice(0, 300));
        return found.shown + REDACTED;
      }
      return this.text(item);
    });
  }

  #entry(entry: string, prefix: string): string {
    const [name, value] = splitEntry(entry);
    if (value === undefined || !/^[\w.-]+$/.test(name)) return prefix + this.text(entry);
    return `${prefix}${name}=${this.#variable(name, value)[1]}`;
  }

  #variable(name: string, value: unknown): [string, unknown] {
    if (!isSecretName(name) || value === '' || value === REDACTED || typeof value !== 'string') {
      return [name, this.#value(value, '')];
    }
    this.#names.add(`env ${name}`.slice(0, 300));
    return [name, REDACTED];
  }
}

function isEnvironment(key: string): boolean {
  return key === 'env' || key === 'Env' || key === 'environment' || key === 'envs';
}

function splitEntry(entry: string): [name: string, value: string | undefined] {
  const equals = entry.indexOf('=');
  return equals < 0 ? [entry, undefined] : [entry.slice(0, equals), entry.slice(equals + 1)];
}
