import { type FindOptions, type FoundProgram, findClients, processIds, programOf } from './findDaemons.ts';

/** What to look for: daemons by their processes, clients by their processes and their paths. */
export interface Wanted {
  names: ReadonlySet<string>;
  clients: ReadonlySet<string>;
}

/** A process begins with its parent’s name, and a daemon may be started through other programs: looks until it is settled. */
const LOOKS = 3;
/** A pid that was given to another process between two looks is found at the next whole look. */
const WHOLE_LOOK_EVERY = 15;
const CLIENTS_EVERY = 5;
/** More kinds of these programs are on no host. */
const MOST = 48;

/** Keeps track of the chain’s programs on this host, cheaply enough to look once a second on one with many processes. */
export class ProgramFinder {
  #wanted: Wanted;
  #options: FindOptions;
  #looks = new Map<number, number>();
  #running = new Map<number, FoundProgram>();
  #clients: FoundProgram[] = [];
  #count = 0;
  constructor(wanted: Wanted, options: FindOptions = {}) {
    this.#wanted = wanted;
    this.#options = options;
  }

  /** The programs that run or can be called now, each file once; those that run come first. */
  async look(): Promise<FoundProgram[]> {
    if (this.#count % WHOLE_LOOK_EVERY === 0) this.#looks.clear();
    if (this.#count % CLIENTS_EVERY === 0) this.#clients = findClients(this.#wanted.clients, this.#options);
    this.#count += 1;
    const ids = new Set(await processIds(this.#options));
    for (const known of [...this.#looks.keys()]) if (!ids.has(known)) this.#looks.delete(known);
    for (const known of [...this.#running.keys()]) if (!ids.has(known)) this.#running.delete(known);
    for (const pid of ids) {
      const looks = this.#looks.get(pid) ?? 0;
      if (looks >= LOOKS) continue;
      this.#looks.set(pid, looks + 1);
      const program = programOf(pid, this.#wanted.names, this.#options);
      if (program) this.#running.set(pid, program);
      else this.#running.delete(pid);
    }
    const files = new Map<string, FoundProgram>();
    // A client that runs now is gone when its file is to be opened by way of its process.
    const lasting = new Map(this.#clients.map((one) => [one.inode, one]));
    for (const one of [...this.#running.values(), ...this.#clients])
      if (!files.has(one.inode) && files.size < MOST) files.set(one.inode, lasting.get(one.inode) ?? one);
    return [...files.values()];
  }
}
