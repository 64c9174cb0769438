import {
  containersIn,
  FLAGS,
  type FlagName,
  flagNamed,
  type Place,
  type ProvenanceLine,
  provenanceOf,
} from '@underdock/chain';
import { exactReadings } from '@underdock/story';
import { AgentError } from '../error.ts';
import { type ReadTrace, readTrace } from './readTrace.ts';
import { tame } from './words.ts';

/** What a command line may ask for beside the file. */
export interface ExplainFlags {
  flag?: string;
  container?: string;
  json?: boolean;
}

/**
 * `underdock explain FILE [--flag NAME]`: how each value came down from the command to the kernel, a line per link, through
 * `print`. Returns the exit code: 0 explained, 1 with lines that are no events, 3 from a file that is cut
 * off, 4 when a link says something else than one before it. Throws AgentError `no-file`, `no-flag`, `no-container`, and
 * TraceError where there is no trace.
 */
export async function explainAct(
  file: string,
  flags: ExplainFlags,
  print: (line: string) => void,
): Promise<number> {
  const wanted = flags.flag === undefined ? undefined : [flagOf(flags.flag)];
  const trace = await readTrace(file);
  const containers = chosenContainers(containersIn(trace.events), flags.container);
  const explained = containers.map((container) => ({
    container,
    lines: provenanceOf(trace.header, trace.events, { flags: wanted, container }),
  }));
  const { id, title, via } = trace.header;
  if (flags.json)
    print(JSON.stringify({ id, title, via, cut: trace.cut, faults: trace.faults, containers: explained }));
  else for (const line of inWords(explained, wanted, trace)) print(tame(line));
  if (trace.faults.length > 0) return 1;
  const agrees = explained.every(({ lines }) => lines.every((line) => line.agrees));
  if (!agrees) return 4;
  return trace.cut ? 3 : 0;
}

function flagOf(word: string): FlagName {
  const flag = flagNamed(word);
  if (flag) return flag;
  throw new AgentError('no-flag', `--flag ${word}: there is no such flag to explain`, {
    remedy: `there are: ${FLAGS.join(', ')}`,
    exitCode: 1,
  });
}

/** The ids that begin with what was asked for, all where nothing was. Throws AgentError `no-container`. */
export function chosenContainers(ids: readonly string[], wanted: string | undefined): readonly string[] {
  if (wanted === undefined) return ids;
  const found = ids.filter((id) => id !== '' && id.startsWith(wanted));
  if (found.length > 0) return found;
  const known = ids.filter((id) => id !== '').map((id) => id.slice(0, 12));
  throw new AgentError('no-container', `--container ${wanted}: the trace has no such container`, {
    remedy: known.length > 0 ? `it has: ${known.join(', ')}` : 'it has none: leave --container out',
    exitCode: 1,
  });
}

type Explained = readonly { container: string; lines: readonly ProvenanceLine[] }[];

function inWords(explained: Explained, wanted: readonly FlagName[] | undefined, trace: ReadTrace): string[] {
  const out: string[] = [];
  for (const { container, lines } of explained) {
    if (explained.length > 1) out.push(`container ${container.slice(0, 12)}`, '');
    for (const line of lines) out.push(...lineInWords(line), ...readings(line, trace), '');
    const missing = (wanted ?? FLAGS).filter((flag) => !lines.some((line) => line.flag === flag));
    if (missing.length > 0) out.push(`not given: ${missing.join(', ')}`, '');
  }
  for (const fault of trace.faults) out.push(`passed over: ${fault}`);
  if (trace.cut) out.push('the trace is cut off: explained as far as it goes');
  while (out.at(-1) === '') out.pop();
  return out;
}

/** Where what the kernel was told is described. */
function readings({ steps }: ProvenanceLine, { events }: ReadTrace): string[] {
  const numbers = new Set(
    steps.flatMap((step) => (step.kind === 'link' && step.place === 'kernel' ? [step.seq] : [])),
  );
  const found = events.filter(({ seq }) => numbers.has(seq)).flatMap((event) => exactReadings(event));
  return [...new Set(found.map(({ href }) => href))].map((href) => `  ${'read on'.padEnd(11)}  ${href}`);
}

const PLACES: Readonly<Record<Place, string>> = {
  flag: 'flag',
  api: 'request',
  config: 'config.json',
  kernel: 'kernel',
  now: 'shown now',
};

function lineInWords(line: ProvenanceLine): string[] {
  const rows = line.steps.map((step) => {
    const place = PLACES[step.place].padEnd(11);
    if (step.kind !== 'link') {
      return [`  ${place}  ${step.kind === 'gap' ? `not seen: ${step.why}` : `(${step.why})`}`];
    }
    const value = step.words ? `${step.value} (${step.words})` : step.value;
    const known = `${step.grade}, event ${step.seq}, ${step.actor}`;
    const more = [step.differs && `differs: ${step.differs}`, step.note].filter((text) => text);
    return [
      `  ${place}  ${step.what} = ${value}  [${known}]`,
      ...more.map((text) => `  ${' '.repeat(11)}  ${text}`),
    ];
  });
  const given = line.from === 'flag' ? '' : line.from === 'image' ? ', from the image' : ', not given';
  return [`${line.title}${given}${line.agrees ? '' : ': values differ'}`, ...rows.flat()];
}
