import type { SelfRecord } from '../record.ts';

/** A call that is under way. */
interface OpenCall {
  /** Whom it names; absent for one that makes something, whose id only its answer tells. */
  container?: string | undefined;
  /** What is blamed for what comes of it: the runtime’s act, else the call itself. */
  blamed: string;
  /** It does something, and does not only ask. */
  acts: boolean;
}

/**
 * Calls of the CRI that underdock makes in a kubelet’s place. containerd serves them in its own process and calls its own services
 * there by functions, which no probe sees: between such a call and the shim that is started for it the container’s id is the link.
 */
export class CriCalls {
  readonly #open = new Map<string, OpenCall>();
  /** Containers and sandboxes that were made by a call that is over. */
  readonly #made = new Set<string>();
  readonly #last = new Map<string, string>();

  /** Takes what underdock tells of itself: a call, the act of the runtime’s that answers it, and their ends. */
  sent({ step, type, span, container, cause = [], data }: SelfRecord): void {
    if (span === undefined) return;
    if (step === 'engine/call') {
      if (type === 'begin') this.#open.set(span, { container, blamed: span, acts: false });
      else if (type === 'end') this.#open.delete(span);
      return;
    }
    const call = this.#open.get(cause[0] ?? '');
    if (!call) return;
    if (type === 'begin') {
      call.acts = true;
      call.blamed = span;
      const about = container ?? textOf(data.id);
      call.container ??= about;
      if (about) this.#last.set(about, span);
    }
    const id = textOf(data.id);
    if (type !== 'end' || id === undefined) return;
    this.#made.add(id);
    this.#last.set(id, span);
  }

  /**
   * What is done for a container now is done for this: the newest call under way that names it, one that does something before one
   * that asks; else the one that makes something of which nobody has heard yet; else the last one that named it.
   */
  causeOf(container: string): string | undefined {
    const open = [...this.#open.values()];
    const about = open.filter((call) => call.container === container);
    const makes = open.findLast((call) => call.acts && call.container === undefined);
    const named = about.findLast(({ acts }) => acts) ?? about.at(-1);
    const made = this.#made.has(container) ? undefined : makes;
    return (named ?? made)?.blamed ?? this.#last.get(container);
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
