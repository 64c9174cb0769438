import {
  containersIn,
  FLAGS,
  type FlagName,
  flagNamed,
  type Place,
  type ProvenanceLine,
  provenanceOf,
} from '@underdock/chain';
import { decodeTrace, type TraceEvent, type TraceHeader } from '@underdock/trace';
import { AgentError } from '../error.ts';
import { type ReadEnd, readTraceText } from './traceFile.ts';
import { tame } from './words.ts';

/** What a command line may ask for beside the file. */
export interface ExplainFlags {
  flag?: string;
  container?: string;
  json?: boolean;
}

interface ReadTrace {
  header: TraceHeader;
  events: TraceEvent[];
  /** Lines that are no events; they were passed over. */
  faults: string[];
  cut: boolean;
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
  const trace = await read(file);
  const containers = chosen(containersIn(trace.events), flags.container);
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

function chosen(ids: readonly string[], wanted: string | undefined): readonly string[] {
  if (wanted === undefined) return ids;
  const found = ids.filter((id) => id !== '' && id.startsWith(wanted));
  if (found.length > 0) return found;
  const known = ids.filter((id) => id !== '').map((id) => id.slice(0, 12));
  throw new AgentError('no-container', `--container ${wanted}: the trace has no such container`, {
    remedy: known.length > 0 ? `it has: ${known.join(', ')}` : 'it has none: leave --container out',
    exitCode: 1,
  });
}

async function read(file: string): Promise<ReadTrace> {
  const end: ReadEnd = { cut: false };
  const events: TraceEvent[] = [];
  const faults: string[] = [];
  let header: TraceHeader | undefined;
  let cut = false;
  for await (const item of decodeTrace(readTraceText(file, end))) {
    if (item.kind === 'header') header = item.header;
    else if (item.kind === 'event') events.push(item.event);
    else if (item.kind === 'cut') cut = true;
    else faults.push(item.error.message);
  }
  if (end.fault) faults.push(end.fault);
  // A file without a header has thrown by now.
  return { header: header!, events, faults, cut: cut || end.cut };
}

type Explained = readonly { container: string; lines: readonly ProvenanceLine[] }[];

function inWords(explained: Explained, wanted: readonly FlagName[] | undefined, trace: ReadTrace): string[] {
  const out: string[] = [];
  for (const { container, lines } of explained) {
    if (explained.length > 1) out.push(`container ${container.slice(0, 12)}`, '');
    for (const line of lines) out.push(...lineInWords(line), '');
    const missing = (wanted ?? FLAGS).filter((flag) => !lines.some((line) => line.flag === flag));
    if (missing.length > 0) out.push(`not given: ${missing.join(', ')}`, '');
  }
  for (const fault of trace.faults) out.push(`passed over: ${fault}`);
  if (trace.cut) out.push('the trace is cut off: explained as far as it goes');
  while (out.at(-1) === '') out.pop();
  return out;
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
