/** Where a field of a JSON text stands: from its name to the end of the line. */
export interface Place {
  from: number;
  to: number;
}

/**
 * The place of a field by its path (`linux.resources.memory`), also in a text that is no JSON yet: only nesting is followed.
 * Undefined for a field that is not there. Numbers in the path, which count list entries, lead to the list.
 */
export function placeOf(text: string, path: string): Place | undefined {
  const wanted = path.split('.').filter((part) => !/^\d+$/.test(part));
  const open: string[] = [];
  let key = '';
  for (const { 0: token, index, 1: name } of text.matchAll(TOKENS)) {
    if (name !== undefined) {
      key = unquoted(name);
      if (isAt([...open, key], wanted)) return { from: index, to: endOfLine(text, index) };
    } else if (token === '{' || token === '[') {
      open.push(key);
      key = '';
    } else if (token === '}' || token === ']') {
      open.pop();
      key = '';
    }
  }
  return undefined;
}

/** A name with its colon, a text, or a bracket. */
const TOKENS = /("(?:[^"\\\n]|\\.)*")\s*:|"(?:[^"\\\n]|\\.)*"|[{}[\]]/g;

function isAt(open: readonly string[], wanted: readonly string[]): boolean {
  // What is in a list has no name of its own.
  const path = open.filter((one) => one !== '');
  return path.length === wanted.length && path.every((one, i) => one === wanted[i]);
}

function unquoted(name: string): string {
  try {
    return JSON.parse(name) as string;
  } catch {
    return name;
  }
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}
