/** One way to authenticate that a server offers (RFC 9110, section 11.6.1). */
export interface Challenge {
  scheme: 'bearer' | 'basic' | string;
  parameters: Record<string, string>;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+/;

/** Reads a WWW-Authenticate header; what can't be read is left out. Schemes and parameter names are lower case. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let rest = header;
  while (rest !== '') {
    rest = rest.replace(/^[\s,]+/, '');
    const word = TOKEN.exec(rest)?.[0];
    if (word === undefined) return challenges;
    const after = rest.slice(word.length);
    const value = /^\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]+)/.exec(after);
    const current = challenges.at(-1);
    if (value?.[1] !== undefined && current) {
      current.parameters[word.toLowerCase()] ??= unquote(value[1]);
      rest = after.slice(value[0].length);
    } else {
      challenges.push({ scheme: word.toLowerCase(), parameters: {} });
      rest = after;
    }
  }
  return challenges;
}

function unquote(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
}
