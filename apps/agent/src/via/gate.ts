/** A place where a run waits until somebody lets it go on, or until it is over for another reason. */
export class Gate {
  #open: (by: string) => void = () => {};
  #refuse: (why: unknown) => void = () => {};
  /** Resolves with who opened it; rejects with what `refuse` was given. */
  readonly opened: Promise<string>;

  constructor() {
    this.opened = new Promise((resolve, reject) => {
      this.#open = resolve;
      this.#refuse = reject;
    });
    // A gate that nobody waits at any more must not end the program.
    this.opened.catch(() => {});
  }

  open(by: string): void {
    this.#open(by);
  }

  refuse(why: unknown): void {
    this.#refuse(why);
  }
}

/** Resolves with true when `promise` settles within `ms`. */
export async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}
