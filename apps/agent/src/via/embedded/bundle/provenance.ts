/** Which flag, image field or default put which value into which field of config.json. */
export interface Provenance {
  /** The flag as typed (`--memory`), or the image's field (`Env`). */
  flag: string;
  from: 'flag' | 'image' | 'default';
  /** Path in config.json: `linux.resources.memory.limit`. */
  field: string;
  value: unknown;
}

/** Something that was asked for, or that docker would do, and that can't be had here. */
export interface Absent {
  what: string;
  why: string;
}

/** Collects where values came from and what is absent while a configuration is put together. */
export class Origins {
  readonly provenance: Provenance[] = [];
  readonly absent: Absent[] = [];

  add(from: Provenance['from'], flag: string, field: string, value: unknown): void {
    this.provenance.push({ flag, from, field, value });
  }

  miss(what: string, why: string): void {
    if (!this.absent.some((known) => known.what === what)) this.absent.push({ what, why });
  }
}
