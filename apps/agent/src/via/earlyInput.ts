/** What somebody types, and how large the terminal is, before there is a container that listens. */
export class EarlyInput {
  /** The last size that was told. */
  size: { cols: number; rows: number } | undefined;
  /** Nothing more will be typed. */
  hasEnded = false;
  #waiting: { bytes: Uint8Array; taken: () => void }[] = [];

  /** Resolves when the bytes were taken, or will never be. */
  add(bytes: Uint8Array): Promise<void> {
    return new Promise((taken) => this.#waiting.push({ bytes, taken }));
  }

  /** Hands over what waits, in its order. */
  passTo(input: (bytes: Uint8Array) => void | Promise<void>): void {
    for (const { bytes, taken } of this.#waiting.splice(0)) {
      // What goes wrong with it is told by the run itself: a container that is gone takes nothing any more.
      void Promise.resolve(input(bytes)).then(taken, taken);
    }
  }

  /** Nobody will listen any more. */
  drop(): void {
    for (const { taken } of this.#waiting.splice(0)) taken();
  }
}
