/** Calls that never end, such as those of a killed client, are remembered no longer than this many later ones. */
const MOST = 8192;

/**
 * Go may begin a function a second time: when the goroutine is to make room for another one, its first instructions have it
 * wait, and then either go on or start anew. Nobody can tell beforehand which, so both beginnings are told, and the second is
 * known here by its being the same call, of which nothing was seen since.
 */
export class BegunAgain {
  #begun = new Map<string, string>();

  /** Whether `call` was begun for `object`, the address of what is asked, and not gone on with since. */
  is(call: string, object: string): boolean {
    if (object !== '' && this.#begun.get(call) === object) return true;
    this.#begun.delete(call);
    this.#begun.set(call, object);
    const [oldest] = this.#begun.size > MOST ? this.#begun.keys() : [];
    if (oldest !== undefined) this.#begun.delete(oldest);
    return false;
  }

  /** More was seen of `call` than its beginning. */
  goesOn(call: string): void {
    this.#begun.delete(call);
  }
}
