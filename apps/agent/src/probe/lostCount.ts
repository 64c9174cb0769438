/** Counts what a watcher could not make records of, by reason, until it is told. */
export class LostCount {
  #counts = new Map<string, number>();

  add(count: number, why: string): void {
    this.#counts.set(why, (this.#counts.get(why) ?? 0) + count);
  }

  /** Reads one line: what `read` makes no sense of (false), and a fault in it, count as one lost record. Never throws. */
  attempt(read: () => boolean): void {
    try {
      if (!read()) this.add(1, 'a line that makes no sense');
    } catch (error) {
      this.add(1, faultOf(error));
    }
  }

  /** Hands over what was counted since the last call, and begins anew. */
  take(): { count: number; why: string }[] {
    const taken = [...this.#counts].map(([why, count]) => ({ count, why }));
    this.#counts.clear();
    return taken;
  }
}

/** A fault of our own, in words for the trace: short, and without what the program worked on. */
export function faultOf(error: unknown): string {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return `a fault in underdock (${name}: ${message.slice(0, 200)})`;
}
