const WIDTH = 100;

/** JSON as one would write it by hand: two spaces, and on one line what fits there. */
export function prettyJson(value: unknown, indent = ''): string {
  const flat = JSON.stringify(value, undefined, 1)?.replace(/\n\s*/g, ' ') ?? 'null';
  const isList = Array.isArray(value);
  if (typeof value !== 'object' || value === null || 'rawJSON' in value) return JSON.stringify(value);
  const short = flat.length + indent.length <= WIDTH;
  if (short && (indent !== '' || isList)) return isList ? flat.replace(/^\[ | \]$/g, trimmed) : flat;
  const inner = `${indent}  `;
  if (isList && value.every((one) => typeof one !== 'object')) return filled(value, indent);
  const lines = isList
    ? value.map((one) => prettyJson(one, inner))
    : Object.entries(value)
        .filter(([, one]) => one !== undefined)
        .map(([key, one]) => `${JSON.stringify(key)}: ${prettyJson(one, inner)}`);
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  return lines.length === 0
    ? `${open}${close}`
    : `${open}\n${lines.map((line) => inner + line).join(',\n')}\n${indent}${close}`;
}

const trimmed = (edge: string): string => edge.trim();

/** A long list of words, as many on a line as fit. */
function filled(list: readonly unknown[], indent: string): string {
  const inner = `${indent}  `;
  const lines: string[] = [];
  for (const [index, one] of list.entries()) {
    const word = JSON.stringify(one) + (index < list.length - 1 ? ',' : '');
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(inner + word);
  }
  return `[\n${lines.join('\n')}\n${indent}]`;
}
