import { closeSync, type FSWatcher, openSync, readSync, watch, writeFileSync } from 'node:fs';
import type { Tell } from '../../../run/tell.ts';

/** A runtime's JSON log while it is being written. */
export interface RuntimeLog {
  /** The last message at level error, or the empty string. */
  lastError(): string;
  /** Tells what is left and stops following. */
  close(): void;
}

/** How long after the runtime wrote it a line may be read (ms): inotify and one turn of the event loop. */
const UNCERTAINTY_MS = 20;
/** A runtime that logs without end must not fill the trace. */
const MOST_LINES = 500;

/** Makes the file empty and tells each line that the runtime appends (`low-level/log`) on behalf of `span`. */
export function followRuntimeLog(
  file: string,
  tell: Tell,
  about: { runtime: string; span: string; container: string },
): RuntimeLog {
  writeFileSync(file, '', { mode: 0o600 });
  const reader = new LogReader(file, tell, about);
  return reader;
}

class LogReader implements RuntimeLog {
  #fd: number;
  #watcher: FSWatcher | undefined;
  #at = 0;
  #rest = '';
  #lines = 0;
  #lastError = '';
  #tell: Tell;
  #about: { runtime: string; span: string; container: string };

  constructor(file: string, tell: Tell, about: { runtime: string; span: string; container: string }) {
    this.#fd = openSync(file, 'r');
    this.#tell = tell;
    this.#about = about;
    try {
      this.#watcher = watch(file, () => this.#read());
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // No inotify instance left: the lines are read when the command has ended.
    }
  }

  lastError(): string {
    return this.#lastError;
  }

  close(): void {
    this.#watcher?.close();
    this.#read();
    closeSync(this.#fd);
    this.#fd = -1;
  }

  #read(): void {
    if (this.#fd < 0) return;
    const chunk = Buffer.alloc(65_536);
    for (;;) {
      const bytes = readSync(this.#fd, chunk, 0, chunk.length, this.#at);
      if (bytes === 0) return;
      this.#at += bytes;
      const lines = (this.#rest + chunk.toString('utf8', 0, bytes)).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#line(line);
    }
  }

  #line(line: string): void {
    const entry = parseLine(line);
    if (entry.level === 'error' || entry.level === 'fatal') this.#lastError = entry.message;
    if (this.#lines++ >= MOST_LINES) return;
    const { runtime, span, container } = this.#about;
    this.#tell.log(
      'low-level/log',
      { ...entry, uncertaintyMs: UNCERTAINTY_MS },
      {
        span,
        container,
        actor: { name: runtime },
        evidence: [{ source: 'runtime-log', raw: { line: line.slice(0, 2000) } }],
      },
    );
  }
}

function parseLine(line: string): { level: string; message: string } {
  try {
    const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown };
    return { level: String(level ?? 'info'), message: String(msg ?? line).slice(0, 2000) };
  } catch {
    return { level: 'info', message: line.slice(0, 2000) };
  }
}
