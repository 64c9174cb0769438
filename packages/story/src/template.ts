import { FORMATS, scalar } from './format.ts';

export type Values = Readonly<Record<string, unknown>>;

const SLOT = /\{([A-Za-z0-9]+)(?:\|([A-Za-z]+))?\}/g;

/** The names of a template's slots. */
export function slotsOf(template: string): { field: string; format?: string }[] {
  return [...template.matchAll(SLOT)].map(([, field, format]) => ({ field: field!, format }));
}

/**
 * The template with its slots filled from `values`; `[…]` is left out when one of its slots has no value. Undefined when
 * a slot outside of brackets has none. A template that begins with `?field ` is for values whose field is true. Values are never read as templates.
 */
export function fill(template: string, values: Values): string | undefined {
  const condition = template.match(/^\?([A-Za-z0-9]+) /);
  if (condition) {
    const holds = Object.hasOwn(values, condition[1]!) && values[condition[1]!] === true;
    return holds ? fill(template.slice(condition[0].length), values) : undefined;
  }
  let whole = '';
  for (const [i, part] of template.split(/\[([^\]]*)\]/).entries()) {
    const filled = fillPart(part, values);
    if (filled === undefined && i % 2 === 0) return undefined;
    whole += filled ?? '';
  }
  return whole;
}

function fillPart(part: string, values: Values): string | undefined {
  let missing = false;
  const filled = part.replace(SLOT, (_slot, field: string, format: string | undefined) => {
    const value = Object.hasOwn(values, field) ? values[field] : undefined;
    const text = format === undefined ? scalar(value) : FORMATS[format]?.(value, values);
    if (text === undefined || text === '') missing = true;
    return text ?? '';
  });
  return missing ? undefined : filled;
}

/** The first of the templates that can be filled. */
export function fillFirst(templates: readonly string[], values: Values): string | undefined {
  for (const template of templates) {
    const text = fill(template, values);
    if (text !== undefined) return text;
  }
  return undefined;
}
