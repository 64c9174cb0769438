const WIDTH = 100;

/** JSON as one would write it by hand: two spaces, and on one line what fits there. */
export function prettyJson(value: unknown, indent = ''): string {
  const isList = Array.isArray(value);
  if (typeof value !== 'object' || value === null || 'rawJSON' in value) return JSON.stringify(value);
  const flat = onOneLine(value);
  if (flat.length + indent.length <= WIDTH && (indent !== '' || isList)) return flat;
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

function onOneLine(value: object): string {
  const word = (one: unknown) =>
    typeof one === 'object' && one !== null && !('rawJSON' in one) ? onOneLine(one) : JSON.stringify(one);
  if (Array.isArray(value)) return `[${value.map(word).join(', ')}]`;
  const fields = Object.entries(value).filter(([, one]) => one !== undefined);
  return fields.length === 0
    ? '{}'
    : `{ ${fields.map(([key, one]) => `${JSON.stringify(key)}: ${word(one)}`).join(', ')} }`;
}

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
