/** The instructions of a Dockerfile (its reference, “Overview”). */
const INSTRUCTION =
  /^(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)\s/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what no Dockerfile holds
const UNPRINTABLE = /[\0-\x08\x0e-\x1f\x7f\ufffd]/;

/**
 * A step of a build as it may be told: `text` was read from the engine's memory, and where a build of it lays its structs out
 * otherwise it is anything. Undefined for what is no instruction. Values of variables are left out, as they may be secret.
 */
export function buildStep(text: string, cut: boolean): string | undefined {
  if (!INSTRUCTION.test(text) || UNPRINTABLE.test(text)) return undefined;
  const [, word = '', rest = ''] = /^(\S+)\s+([\s\S]*)$/.exec(text) ?? [];
  const line = `${word.toUpperCase()} ${/^(ARG|ENV|LABEL)$/i.test(word) ? names(rest) : rest.trim()}`;
  return cut ? `${line}…` : line;
}

/** `A=1 B="2 3"` is told as `A=… B=…`; the old form `ENV A 1` as `A …`. */
function names(pairs: string): string {
  const first = /^([\w.-]+)\s+\S/.exec(pairs);
  if (first) return `${first[1]} …`;
  const found = [...pairs.matchAll(/([\w.-]+)(=(?:"(?:[^"\\]|\\.)*"?|'[^']*'?|(?:[^\s\\]|\\.)*))?/g)];
  return found.map(([, name, value]) => (value ? `${name}=…` : name)).join(' ');
}
