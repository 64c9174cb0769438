import { createTimeline, type Timeline } from '@underdock/chain';
import type { DetailLevel } from '@underdock/trace';
import pc from 'picocolors';
import { AgentError } from '../error.ts';
import { colourOf, wordsOf } from './play/frame.ts';
import { galleryNames, openPlayed } from './play/played.ts';
import { playIn } from './play/player.ts';
import { mayColourOutput, type Outside } from './program.ts';
import type { ReadTrace } from './readTrace.ts';
import { tame } from './words.ts';

/** What a command line may ask for beside the trace. */
export interface PlayFlags {
  level?: string;
  speed?: string;
  step?: string;
  trueTime?: boolean;
  /** commander’s way to say `--no-wait`. */
  wait: boolean;
  state?: string;
}

const LEVELS: readonly string[] = ['story', 'calls', 'syscalls'];

/**
 * `underdock play`: step by step in a terminal; all at once where there is none, or with `--no-wait`. Returns the exit code: 0,
 * 1 with lines that are no events, 3 from a trace that is cut off. Throws AgentError, and TraceError where there is no trace.
 */
export async function playAct(words: readonly string[], flags: PlayFlags, outside: Outside): Promise<number> {
  const { streams } = outside;
  const level = levelOf(flags.level);
  const speed = numberOf('--speed', flags.speed, 1, (value) => value > 0 && value <= 1000);
  const step = numberOf('--step', flags.step, 1, (value) => Number.isInteger(value) && value >= 1);
  if (words[0] === 'gallery' && words.length === 1) {
    streams.stdout.write(
      galleryNames()
        .map((line) => `${tame(line)}\n`)
        .join(''),
    );
    return 0;
  }
  const trace = await openPlayed(words, flags.state, outside);
  const timeline = createTimeline(trace.header, trace.events, level);
  const index = Math.min(step, Math.max(1, timeline.steps.length)) - 1;
  const colour = mayColourOutput(outside);
  if (flags.wait && streams.stdin.isTTY && streams.stdout.isTTY) {
    const pace = flags.trueTime ? 'true' : 'told';
    const state = { index, playing: true, pace, speed, level } as const;
    const exitCode = await playIn(streams, { header: trace.header, timeline, state, colour });
    if (exitCode !== 0) return exitCode;
  } else {
    for (const line of plainLines(trace, timeline, index, colour)) streams.stdout.write(`${line}\n`);
  }
  return closing(trace, outside);
}

/** The steps from one on, a line each: when, which layer, who, what. */
function* plainLines(
  { header }: ReadTrace,
  timeline: Timeline,
  from: number,
  colour: boolean,
): Generator<string> {
  const c = pc.createColors(colour);
  yield c.bold(tame(`$ ${header.command.join(' ')}`));
  for (const step of timeline.steps.slice(from)) {
    const at = c.dim(`${step.at.toFixed(1).padStart(9)} ms`);
    const words = wordsOf(step, timeline);
    const layer = colourOf(step.layer, c)(step.layer.padEnd(10));
    yield `${at}  ${layer}  ${c.dim(tame(step.actor))}  ${step.failure ? c.red(words) : words}`;
  }
}

function closing({ faults, cut }: ReadTrace, { streams }: Outside): number {
  for (const fault of faults) streams.stderr.write(`${tame(`passed over: ${fault}`)}\n`);
  if (cut) streams.stderr.write('the trace is cut off: played as far as it goes\n');
  return faults.length > 0 ? 1 : cut ? 3 : 0;
}

function levelOf(word = 'story'): DetailLevel {
  if (LEVELS.includes(word)) return word as DetailLevel;
  throw new AgentError('bad-level', `--level ${word}: there is no such level`, {
    remedy: `there are: ${LEVELS.join(', ')}`,
    exitCode: 1,
  });
}

function numberOf(
  flag: string,
  word: string | undefined,
  usual: number,
  fits: (value: number) => boolean,
): number {
  const value = word === undefined ? usual : Number(word);
  if (word !== '' && fits(value)) return value;
  throw new AgentError('bad-number', `${flag} ${word}: it must be a number above 0`, {
    remedy: flag === '--step' ? 'count steps from 1' : 'write 2 for twice as fast, 0.1 for ten times slower',
    exitCode: 1,
  });
}
