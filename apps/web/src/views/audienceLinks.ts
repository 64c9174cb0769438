import type { AudienceAnswer } from '@underdock/trace';

/** Whether a browser on another machine finds something else, or nothing, under this name. */
export function isOwnMachine(hostname: string): boolean {
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/**
 * The links that may be given to an audience, the best first: at the address that this page itself was opened with, unless
 * that is known to its own machine alone and the agent has others. They lead to what `page` shows.
 */
export function audienceLinks({ token, doors }: AudienceAnswer, page: URL): URL[] {
  const own = new URL('./', page);
  const outside = doors.map((door) => new URL(door)).filter(({ host }) => host !== own.host);
  const bases = isOwnMachine(own.hostname) && outside.length > 0 ? outside : [own, ...outside];
  return bases.map((base) => {
    const link = new URL(base);
    for (const [name, value] of page.searchParams) link.searchParams.set(name, value);
    link.searchParams.set('token', token);
    link.hash = page.hash;
    return link;
  });
}
