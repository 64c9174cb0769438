/** The last megabyte of what a process has written. */
export class LastOutput {
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  readonly #most: number;

  constructor(most = 1_000_000) {
    this.#most = most;
  }

  add(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    while (this.#bytes - this.#pieces[0]!.length >= this.#most) this.#bytes -= this.#pieces.shift()!.length;
  }

  read(): Uint8Array {
    const whole = Buffer.concat(this.#pieces);
    return whole.subarray(Math.max(0, whole.length - this.#most));
  }
}
