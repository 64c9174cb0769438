import type { TraceEvent } from '@underdock/trace';

/** What a container wrote, as text, with how much was left out before it. */
export interface OutputText {
  text: string;
  omittedBytes: number;
  /** Left out when the trace was shared. */
  hiddenBytes: number;
}

/** More than this is not kept on the page: the trace has it all. */
const MAX_CHARACTERS = 200_000;

/** The bytes of one `process/output` event; undefined for one that is not well-formed. */
export function outputBytes(event: TraceEvent): Uint8Array | undefined {
  const { base64 } = event.data;
  if (event.step !== 'process/output' || typeof base64 !== 'string') return undefined;
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** An event that has to do with output, and how many events of the trace are applied with it. */
export interface OutputEvent {
  event: TraceEvent;
  position: number;
}

/** What of the first `count` events has to do with output: few of many, looked for once. */
export function outputsOf(events: readonly TraceEvent[], count: number): OutputEvent[] {
  const found: OutputEvent[] = [];
  for (let i = 0; i < count; i++) {
    const event = events[i]!;
    if (event.step === 'process/output' || event.step === 'process/output-limit')
      found.push({ event, position: i + 1 });
  }
  return found;
}

/** The output up to a position, stdout and stderr as they came; characters may be split between events. */
export function outputText(outputs: readonly OutputEvent[], upTo: number): OutputText {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  let text = '';
  let omittedBytes = 0;
  let hiddenBytes = 0;
  for (const { event, position } of outputs) {
    if (position > upTo) break;
    if (event.step === 'process/output-limit') omittedBytes = Number(event.data.omittedBytes ?? 0);
    if (event.step === 'process/output') hiddenBytes += Number(event.data.hiddenBytes ?? 0);
    const bytes = outputBytes(event);
    if (bytes)
      text += decoders[event.data.stream === 'stderr' ? 'stderr' : 'stdout'].decode(bytes, { stream: true });
  }
  if (text.length > MAX_CHARACTERS) text = text.slice(-MAX_CHARACTERS);
  return { text: plain(text), omittedBytes, hiddenBytes };
}

/** Without the sequences that steer a terminal (ECMA-48, section 5.4), carriage returns and other control characters. */
export function plain(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .replaceAll(/\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g, '')
      .replaceAll(/\r+\n/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: see above
      .replaceAll(/[\x00-\x08\x0b-\x1f\x7f]/g, '')
  );
}

/** Text as the socket takes it. */
export function toBase64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
