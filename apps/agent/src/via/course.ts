import { AgentError } from '../error.ts';
import { describeError } from '../run/error.ts';
import type { Telling } from '../run/tell.ts';
import { Gate } from './gate.ts';
import type { Outcome, ViaRun } from './via.ts';

type StopOptions = NonNullable<Parameters<ViaRun['stop']>[0]>;

/** How a way in ends a container that runs. */
export interface Ending {
  /** Settles when the run is over, however. */
  done: Promise<unknown>;
  /** Asks the container to end and gives it time. */
  ask(options: StopOptions): Promise<void>;
  /** Ends it at once, while `ask` still waits. */
  kill(): Promise<void>;
}

/** How far a run has come, and how it is stopped from there: alike on each way in that has one container. */
export class Course {
  /** Where it waits between create and start. */
  readonly gate = new Gate();
  readonly #abort = new AbortController();
  #started = false;
  #ending = false;
  #stopping: Promise<void> | undefined;

  /** Aborted when the run is stopped before its container was started. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The container was started and has not ended: it can be asked for something. */
  get runs(): boolean {
    return this.#started && !this.#ending;
  }

  get ends(): boolean {
    return this.#ending;
  }

  get isStopped(): boolean {
    return this.#stopping !== undefined;
  }

  /** The container is being started; `false` takes it back where that failed. */
  start(started = true): void {
    this.#started = started;
  }

  /** The container has ended, or will never run. */
  end(): void {
    this.#ending = true;
  }

  /** Ends what still waits, because of this. */
  fail(error: unknown): void {
    this.end();
    this.#abort.abort(error);
  }

  /** Waits at the gate, told as the act of holding. Rejects where the run was stopped, or its process ended, meanwhile. */
  async hold(act: Telling): Promise<void> {
    try {
      act.end({ releasedBy: await this.gate.opened });
    } catch (error) {
      if ((error as { code?: unknown }).code === 'stopped') act.end({ releasedBy: 'stop' });
      else act.fail(error);
      throw error;
    }
  }

  /** Stops the run wherever it is. With a grace of 0 ms a stop that is under way waits no longer. */
  async stop(options: StopOptions, ending: Ending): Promise<void> {
    if (!this.#started) {
      const why = new AgentError('stopped', 'stopped before the container was started');
      this.#abort.abort(why);
      this.gate.refuse(why);
    }
    if (!this.runs) {
      await ending.done;
      return;
    }
    if (this.#stopping && options.graceMs === 0) await ending.kill();
    this.#stopping ??= ending.ask(options);
    try {
      await this.#stopping;
    } catch (error) {
      // A stop that did not work may be tried again, with another signal.
      this.#stopping = undefined;
      throw error;
    }
  }
}

/** How a run ends that failed: with the code that the error carries (126 and 127 as docker), else 125. */
export function failedOutcome(error: unknown): Outcome {
  const { exitCode } = error as { exitCode?: unknown };
  return { exitCode: typeof exitCode === 'number' ? exitCode : 125, error: describeError(error) };
}

/** The init process was there, waited for its start, and ended. */
export function diedWaiting(): AgentError {
  return new AgentError('died-waiting', 'the init process ended while it waited for start', {
    remedy: 'look at kernel/exit in the trace: it was killed from outside, or by its memory limit',
  });
}
