import type { RunSummary, TraceHeader } from '@underdock/trace';
import type { Link, LinkSnapshot } from './link.ts';
import { Listeners } from './listeners.ts';
import { RecordedTrace } from './recordedTrace.ts';
import type { TraceFile } from './traceFile.ts';
import type { TraceSource } from './traceSource.ts';

/** What a page without an agent knows of one. */
const ALONE: LinkSnapshot = {
  state: 'none',
  wasConnected: false,
  role: undefined,
  runs: [],
  doctor: undefined,
  watching: undefined,
};
const MARK = 'opened-';
const NOT_TAKEN = 'this trace is a recording: nothing can be typed into it';

/** Whether a run is a recording that was opened in this page: there is nobody who could be told to do anything with it. */
export function isOpened(run: string): boolean {
  return run.startsWith(MARK);
}

/** Recorded traces that were opened in this page, beside the runs of its agent if it has one. */
export class OpenedTraces implements Link {
  readonly #agent: Link | undefined;
  readonly #files = new Map<string, TraceFile>();
  readonly #named = new Set<string>();
  readonly #listeners = new Listeners();
  #summaries: readonly RunSummary[] = [];
  #snapshot: LinkSnapshot;

  constructor(agent?: Link) {
    this.#agent = agent;
    this.#snapshot = agent?.snapshot() ?? ALONE;
    agent?.subscribe(() => this.#changed());
  }

  readonly snapshot = (): LinkSnapshot => this.#snapshot;
  readonly subscribe = this.#listeners.subscribe;

  /** Whether a link can lead to an opened trace: the page’s own address names it, or it lies in the page. */
  isNamed(run: string): boolean {
    return this.#named.has(run);
  }

  /** Gives a file a place among the runs and returns its id. It is read when somebody follows it. */
  open(file: TraceFile, isNamed = false): string {
    const id = `${MARK}${this.#files.size + 1}`;
    this.#files.set(id, file);
    if (isNamed) this.#named.add(id);
    return id;
  }

  /** The file that was opened under this id; undefined for anything else. */
  fileOf(run: string): TraceFile | undefined {
    return this.#files.get(run);
  }

  follow(run: string): TraceSource {
    const file = this.#files.get(run);
    if (!file) return this.#agent && !isOpened(run) ? this.#agent.follow(run) : new RecordedTrace(gone(run));
    const trace = new RecordedTrace(file);
    trace.subscribe(() => {
      const { header, events, closed } = trace.snapshot();
      if (header && (closed || !this.#summaries.some(({ id }) => id === run)))
        this.#summarise(summaryOf(run, header, events.length));
    });
    return trace;
  }

  input(run: string, base64: string): Promise<string | undefined> {
    return isOpened(run) ? Promise.resolve(NOT_TAKEN) : this.#ask((agent) => agent.input(run, base64));
  }

  endInput(run: string): Promise<string | undefined> {
    return isOpened(run) ? Promise.resolve(NOT_TAKEN) : this.#ask((agent) => agent.endInput(run));
  }

  resize(run: string, cols: number, rows: number): Promise<string | undefined> {
    return isOpened(run) ? Promise.resolve(NOT_TAKEN) : this.#ask((agent) => agent.resize(run, cols, rows));
  }

  #ask(what: (agent: Link) => Promise<string | undefined>): Promise<string | undefined> {
    return this.#agent ? what(this.#agent) : Promise.resolve(NOT_TAKEN);
  }

  #summarise(summary: RunSummary): void {
    this.#summaries = [summary, ...this.#summaries.filter(({ id }) => id !== summary.id)];
    this.#changed();
  }

  #changed(): void {
    const { runs, ...rest } = this.#agent?.snapshot() ?? ALONE;
    this.#snapshot = { ...rest, runs: runs && [...this.#summaries, ...runs] };
    this.#listeners.tell();
  }
}

function summaryOf(id: string, header: TraceHeader, events: number): RunSummary {
  const { title, via, command, startedAt } = header;
  return {
    id,
    title,
    via,
    command,
    startedAt,
    state: 'finished',
    events,
    tty: false,
    interactive: false,
  };
}

/** A link that names a file which was opened before the page was loaded anew: the browser does not give it a second time. */
function gone(run: string): TraceFile {
  return {
    name: run,
    open: () => Promise.reject(new Error('this page no longer has the file that was opened in it')),
  };
}
