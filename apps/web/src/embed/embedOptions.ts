import type { DetailLevel } from '@underdock/trace';
import { CONTROLS, type Controls, EMBED_THEMES, type EmbedTheme, type ToFrame } from './messages.ts';

const LEVELS = ['story', 'calls', 'syscalls'] as const satisfies readonly DetailLevel[];

/** What the address of an embedded page asks for. */
export interface EmbedOptions {
  /** From 1. */
  step: number | undefined;
  level: DetailLevel | undefined;
  controls: Controls;
  theme: EmbedTheme;
  autoplay: boolean;
  /** Origin of the page around, which alone is listened to and told anything; without one nobody is. */
  parent: string | undefined;
}

/** The options of `?embed=1&…`; undefined for the page as such. What is not understood is as if it were not there. */
export function embedOptions(page: URL): EmbedOptions | undefined {
  const given = page.searchParams;
  if (given.get('embed') !== '1') return undefined;
  return {
    step: stepOf(given.get('step')),
    level: oneOf(given.get('level'), LEVELS),
    controls: oneOf(given.get('controls'), CONTROLS) ?? 'mini',
    theme: oneOf(given.get('theme'), EMBED_THEMES) ?? 'auto',
    autoplay: given.get('autoplay') === '1',
    parent: originOf(given.get('parent')),
  };
}

/** A message of the page around, made sure of; undefined for anything else. */
export function toldBy(message: unknown): ToFrame | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { underdock, type, ...rest } = message as Record<string, unknown>;
  if (underdock !== 1) return undefined;
  if (type === 'trace') {
    const { name, bytes } = rest;
    return bytes instanceof ArrayBuffer
      ? { underdock, type, name: String(name).slice(0, 200), bytes }
      : undefined;
  }
  if (type === 'move') {
    const to = oneOf(rest.to, ['next', 'previous', 'play', 'pause'] as const);
    return to && { underdock, type, to };
  }
  if (type !== 'show') return undefined;
  const shown = {
    step: stepOf(rest.step),
    level: oneOf(rest.level, LEVELS),
    controls: oneOf(rest.controls, CONTROLS),
    theme: oneOf(rest.theme, EMBED_THEMES),
  };
  return { underdock, type, ...given(shown) };
}

function given<T extends object>(all: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((one) => one === value);
}

function stepOf(value: unknown): number | undefined {
  const number = Number(value ?? Number.NaN);
  return Number.isInteger(number) && number >= 1 ? number : undefined;
}

/** A page from a disk has the origin `null`. */
function originOf(value: string | null): string | undefined {
  if (value === 'null') return value;
  if (value === null || !URL.canParse(value)) return undefined;
  const { origin, protocol } = new URL(value);
  return protocol === 'https:' || protocol === 'http:' ? origin : undefined;
}
