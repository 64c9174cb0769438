import type { SortedRun } from './sortedRun.ts';

/** A container that is looked at every few seconds by an exec has many in a week: so many are remembered. */
const MOST_EXECS = 4096;

/** Which run a container belongs to, by full id and by name, and which an exec in it, by its id. */
export class Owners {
  readonly #containers = new Map<string, SortedRun>();
  readonly #names = new Map<string, string>();
  readonly #execs = new Map<string, SortedRun>();

  /** Who has a container first keeps it; its name may come later. */
  keep(run: SortedRun, id: string, name?: string): void {
    if (!this.#containers.has(id)) this.#containers.set(id, run);
    if (name) this.#names.set(name, id);
  }

  /** As `keep`, for who made it and was told its id: whoever was taken for its owner by what was seen meanwhile gives it up. */
  keepMade(run: SortedRun, id: string, name?: string): void {
    if (this.#containers.get(id)?.claimed === false) this.#containers.delete(id);
    this.keep(run, id, name);
  }

  keepExec(run: SortedRun, execId: string): void {
    this.#execs.set(execId, run);
    const [oldest] = this.#execs.size > MOST_EXECS ? this.#execs.keys() : [];
    if (oldest !== undefined) this.#execs.delete(oldest);
  }

  /** By full id, or by a name that an engine has told. */
  ofContainer(idOrName: string | undefined): SortedRun | undefined {
    if (idOrName === undefined) return undefined;
    return this.#containers.get(this.#names.get(idOrName) ?? idOrName);
  }

  ofExec(execId: string | undefined): SortedRun | undefined {
    return execId === undefined ? undefined : this.#execs.get(execId);
  }

  forget(run: SortedRun): void {
    for (const [name, id] of this.#names) if (this.#containers.get(id) === run) this.#names.delete(name);
    for (const [id, owner] of this.#containers) if (owner === run) this.#containers.delete(id);
    for (const [id, owner] of this.#execs) if (owner === run) this.#execs.delete(id);
  }
}
