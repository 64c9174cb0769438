import { hostname, userInfo } from 'node:os';
import { HIDEABLE, type Hideable, type Replaced, type Shared, shareTrace } from '@underdock/chain/share';
import { AgentError } from '../error.ts';
import type { ReadTrace } from './readTrace.ts';

/** What a command line may say about names. */
export interface SharingFlags {
  /** Leave all as it was recorded. */
  keepNames?: boolean;
  /** Kinds of further texts to hide. */
  hide?: string[];
  /** The reader’s own words to hide. */
  hideWord?: string[];
}

/** The trace as it may leave this machine. Throws AgentError `bad-flag` for a kind that there is not. */
export function sharedOf(
  trace: ReadTrace,
  flags: SharingFlags,
  env: Record<string, string | undefined>,
): Shared {
  const hide = (flags.hide ?? []).flatMap((word) => word.split(',')).map(hideable);
  const users = [ownName(), env.SUDO_USER, env.LOGNAME].filter((name) => name !== undefined);
  return shareTrace(trace.header, trace.events, {
    hosts: [hostname()],
    users,
    hide,
    words: flags.hideWord ?? [],
  });
}

function hideable(word: string): Hideable {
  const found = HIDEABLE.find((one) => one === word);
  if (found) return found;
  throw new AgentError('bad-flag', `--hide ${word}: there is no such kind`, {
    remedy: `take ${HIDEABLE.join(', ')}; any other text is hidden with --hide-word TEXT`,
    exitCode: 1,
  });
}

/** An account without an entry in /etc/passwd has no name. */
function ownName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

/** What was replaced and what is still told, in lines to be read before a trace is given away. */
export function reviewLines({ replaced, hiddenBytes, shown }: Shared): string[] {
  const width = Math.max(0, ...replaced.map(({ from }) => Math.min(from.length, 40)));
  return [
    replaced.length > 0 ? 'replaced:' : 'replaced: nothing, as no name of a person or a place was found',
    ...replaced.map(
      ({ kind, from, to, count }) =>
        `  ${kind.padEnd(21)}  ${from.padEnd(width)}  ->  ${to}  (${times(count)})`,
    ),
    ...(hiddenBytes > 0 ? [`left out: ${hiddenBytes} bytes that the container wrote`] : []),
    '',
    'told as it is (look whether others may read it):',
    ...shown.flatMap(({ title, values, count, hide }) => [
      `  ${title}: ${count}${hide ? `  (--hide ${hide})` : ''}`,
      ...values.map((value) => `    ${value}`),
      ...(count > values.length ? [`    and ${count - values.length} more`] : []),
    ]),
    '',
    'any other text is taken out with --hide-word TEXT',
  ];
}

/** The same in one line. */
export function sharingLine({ replaced, hiddenBytes }: Shared): string {
  const kinds = new Map<string, Replaced[]>();
  for (const one of replaced) kinds.set(one.kind, [...(kinds.get(one.kind) ?? []), one]);
  const parts = [...kinds].map(
    ([kind, all]) => `${kind} ${times(all.reduce((sum, { count }) => sum + count, 0))}`,
  );
  if (hiddenBytes > 0) parts.push(`${hiddenBytes} bytes of output`);
  const what = parts.length > 0 ? `replaced ${parts.join(', ')}` : 'no name of a person or a place was found';
  return `${what} (--review shows it, --keep-names leaves all as it is)`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
