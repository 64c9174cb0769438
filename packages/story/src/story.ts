import { type ChainState, callOf, containerOf, failureOf, type ToldStep } from '@underdock/chain';
import type { TraceEvent } from '@underdock/trace';
import { CLIENT_AND_ENGINE } from './content/clientAndEngine.ts';
import { CONTAINERD } from './content/containerd.ts';
import { CRI_STORIES } from './content/cri.ts';
import { GLOSSARY, type Term } from './content/glossary.ts';
import { HIGH_LEVEL } from './content/image.ts';
import { KERNEL } from './content/kernel.ts';
import { KERNEL_FACTS } from './content/kernelFacts.ts';
import { LOW_LEVEL } from './content/lowLevel.ts';
import { REQUESTS } from './content/requests.ts';
import { RUNTIME_VERBS } from './content/runtimeVerbs.ts';
import type { Reading, StepStory, StoryTable } from './content/shape.ts';
import { exactReadings } from './exact.ts';
import { cut } from './format.ts';
import { isOff, readBackSentence } from './readBack.ts';
import { fill, fillFirst, type Values } from './template.ts';

/** All that is told about steps, by step. */
export const STORIES: StoryTable = {
  ...CLIENT_AND_ENGINE,
  ...REQUESTS,
  ...HIGH_LEVEL,
  ...CONTAINERD,
  ...CRI_STORIES,
  ...LOW_LEVEL,
  ...RUNTIME_VERBS,
  ...KERNEL,
  ...KERNEL_FACTS,
};

/** The longest sentence, in characters: two lines of the story column. */
export const MAX_SENTENCE = 160;

/** One sentence about an event, plain text without a full stop, and the terms that it uses. */
export interface Sentence {
  text: string;
  terms: readonly Term[];
}

/** A step explained: plain text and links, filled with this run's values. */
export interface Explanation {
  title: string;
  why: string;
  /** Commands to type on the host. */
  tryIt: readonly string[];
  see: readonly Reading[];
  terms: readonly Term[];
}

/**
 * The sentence for one event. With the state after it, an `end` also knows what its `begin` said. A step without content
 * is told by its name and actor.
 */
export function sentenceFor(event: TraceEvent, state?: ChainState): Sentence {
  const begun = state && event.type === 'end' ? callOf(state, event.span)?.data : undefined;
  const values = valuesOf(event, state, begun ?? {});
  return told(event, values, event.type === 'end' ? ['answers', 'does'] : ['does']);
}

/** The sentence for a told step: a bundle by its count, an answer by what came back, else what is done. */
export function sentenceForStep(step: ToldStep, state?: ChainState): Sentence {
  const { event, end } = step;
  const outcome = step.part === 'asks' ? {} : { ...end?.data, ...step.failure };
  const values = { ...valuesOf(event, state, {}), ...outcome };
  const readBack = step.count > 1 ? readBackSentence(step) : undefined;
  if (readBack)
    return {
      text: cut(readBack, MAX_SENTENCE),
      terms: termsOfKeys(['namespace', 'cgroup', 'seccomp', 'capability']),
    };
  if (step.count > 1)
    return told(event, { ...values, ...ofBundle(step) }, [
      allGone(step) ? 'manyGone' : 'many',
      'many',
      'does',
    ]);
  if (step.failure) return told(event, values, ['failed']);
  return told(event, values, step.part === 'answers' ? ['answers', 'does'] : ['does']);
}

function allGone(step: ToldStep): boolean {
  return [...step.members].every(({ event }) => event.data.gone === true);
}

/** What a bundle can say of all its members: how many of its own kind, which kinds of facts, which process. */
function ofBundle(step: ToldStep): Values {
  const members = [...step.members];
  const inForce = members.filter(({ event }) => !isOff(event));
  const kinds = [...new Set(inForce.flatMap(({ event }) => event.data.kind ?? []))];
  return {
    count: members.filter((member) => member.step === step.step).length,
    kinds: kinds.length > 0 ? kinds : undefined,
    argv: members.findLast(({ event, failure }) => event.data.argv && !failure)?.event.data.argv,
    attachedPid: members.find(({ event }) => event.data.attachedPid !== undefined)?.event.data.attachedPid,
    error: undefined,
  };
}

/** The explanation of a step for this event's values; undefined for a step that nobody has written about. */
export function explain(event: TraceEvent, state?: ChainState): Explanation | undefined {
  const story = storyOf(event.step);
  if (!story) return undefined;
  const begun = state ? callOf(state, event.span)?.data : undefined;
  const values = valuesOf(event, state, begun ?? {});
  const commands = (story.tryIt ?? []).map((template) => fill(template, values));
  return {
    title: story.title,
    why: whyOf(story, event),
    tryIt: [...new Set(commands.filter((command) => command !== undefined))],
    see: uniqueReadings([...exactReadings(event, begun ?? {}), ...story.see]),
    terms: termsOf(story),
  };
}

function uniqueReadings(all: readonly Reading[]): Reading[] {
  return [...new Map(all.map((one) => [one.href, one])).values()];
}

/** Why a told step is taken; what many of them in a row have in common; undefined for one that nobody has written about. */
export function reasonOf({
  step,
  event,
  count,
}: Pick<ToldStep, 'step' | 'event' | 'count'>): string | undefined {
  const story = storyOf(step);
  return count > 1 ? story?.why : story && whyOf(story, event);
}

function whyOf(story: StepStory, { data }: TraceEvent): string {
  const name = String(data.name ?? '');
  return story.whyNamed?.find(([pattern]) => pattern.test(name))?.[1] ?? story.why;
}

/** What is told about a step, or undefined for one that nobody has written about. */
export function storyOf(step: string): StepStory | undefined {
  return Object.hasOwn(STORIES, step) ? STORIES[step] : undefined;
}

/** A term of the glossary by its key. */
export function termOf(key: string): Term | undefined {
  return Object.hasOwn(GLOSSARY, key) ? GLOSSARY[key] : undefined;
}

type Part = 'does' | 'answers' | 'many' | 'manyGone' | 'gone' | 'failed';

function told(event: TraceEvent, values: Values, parts: readonly Part[]): Sentence {
  const story = storyOf(event.step);
  if (!story) return { text: unknownStep(event), terms: [] };
  const order: Part[] = [
    ...(values.error !== undefined ? (['failed'] as const) : []),
    ...(values.gone === true && !parts.includes('many') ? (['gone'] as const) : []),
    ...parts,
    'does',
  ];
  for (const part of order) {
    const text = fillFirst(story[part] ?? [], values);
    if (text !== undefined) return { text: cut(oneLine(text), MAX_SENTENCE), terms: termsOf(story) };
  }
  return { text: unknownStep(event), terms: termsOf(story) };
}

/** Values for slots: the event's own data over its begin's, and who, where and whose. */
function valuesOf(event: TraceEvent, state: ChainState | undefined, begun: Values): Values {
  const picture = state ? containerOf(state, event.container ?? state.container) : undefined;
  return {
    init: picture?.init,
    // Who builds is not who will wait inside: its pid is told by the answer, or not at all.
    pid: event.step === 'low-level/create' ? undefined : event.actor.pid,
    container: event.container,
    off: isOff(event),
    // What an engine or a high-level runtime does elsewhere, done by the client itself.
    alone: event.layer === 'client' && !event.step.startsWith('client/'),
    ...begun,
    ...event.data,
    ...failureOf(event),
    actor: event.actor.name,
  };
}

/** Commands may have several lines, a sentence has one. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function unknownStep(event: TraceEvent): string {
  const name = event.step.slice(event.step.indexOf('/') + 1).replaceAll('-', ' ');
  return cut(`${event.actor.name}: ${name}`, MAX_SENTENCE);
}

function termsOfKeys(keys: readonly string[]): Term[] {
  return keys.flatMap((key) => termOf(key) ?? []);
}

function termsOf(story: StepStory): Term[] {
  return termsOfKeys(story.terms ?? []);
}
