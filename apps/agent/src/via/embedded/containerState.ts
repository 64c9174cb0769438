import type { Tell } from '../../run/tell.ts';

/** Where a container is in its life (OCI runtime spec, runtime.md "State"). */
export type ContainerState = 'created' | 'running' | 'stopped';

/** What is said about a container beside its state. */
export interface ContainerFacts {
  exitCode?: number;
  /** Where the exit code is from if it could not be collected: `kernel/exit`, what the watcher saw. */
  exitCodeFrom?: string;
  oomKilled?: boolean;
}

const NEXT: Record<ContainerState | 'none', readonly (ContainerState | 'gone')[]> = {
  none: ['created'],
  created: ['running', 'stopped', 'gone'],
  running: ['stopped'],
  stopped: ['gone'],
};

/** The engine's record of one container: each change is told as the fact `engine/has-container`. */
export class ContainerRecord {
  readonly id: string;
  readonly name: string;
  #state: ContainerState | 'none' | 'gone' = 'none';
  #facts: ContainerFacts = {};
  #tell: Tell;

  constructor(id: string, name: string, tell: Tell) {
    this.id = id;
    this.name = name;
    this.#tell = tell;
  }

  get state(): ContainerState | 'none' | 'gone' {
    return this.#state;
  }

  /** Moves on and tells. Throws for a move that no container can make: that would be our own fault. */
  become(state: ContainerState, facts: ContainerFacts = {}): void {
    this.#move(state);
    this.#facts = { ...this.#facts, ...facts };
    this.#fact({ state, ...this.#facts });
  }

  /** The container is removed. Nothing is told of one that never came to be. */
  gone(): void {
    if (this.#state === 'none' || this.#state === 'gone') return;
    const last = this.#state;
    this.#move('gone');
    this.#fact({ state: last, ...this.#facts, gone: true });
  }

  #move(to: ContainerState | 'gone'): void {
    const from = this.#state;
    if (from === 'gone' || !NEXT[from].includes(to)) {
      throw new Error(`container ${this.id} can’t become ${to}: it is ${from}`);
    }
    this.#state = to;
  }

  #fact(data: Record<string, unknown>): void {
    const about = { id: this.id, name: this.name, ...data };
    this.#tell.fact('engine/has-container', about, { container: this.id });
  }
}
