/** What was made, and how to unmake it: in reverse, each part once, whatever the others do. */
export class Undo {
  #steps: { what: string; run: () => Promise<void> | void }[] = [];

  /** `run` unmakes `what`. */
  add(what: string, run: () => Promise<void> | void): void {
    this.#steps.push({ what, run });
  }

  /** Unmakes everything, last made first. Resolves with what went wrong; never rejects. */
  async all(): Promise<{ what: string; error: unknown }[]> {
    const failed: { what: string; error: unknown }[] = [];
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step.run();
      } catch (error) {
        failed.push({ what: step.what, error });
      }
    }
    return failed;
  }
}
