/** The parts of the browser that keeping a token needs; each a parameter, so that tests need no browser. */
export interface TokenPlace {
  href: string;
  storage: Pick<Storage, 'getItem' | 'setItem'>;
  /** Replaces the address that the bar shows, without a reload. */
  replaceAddress(href: string): void;
}

const KEY = 'underdock.token';

/**
 * The token that came with the link, moved out of the address bar and kept for this tab only; on a reload the kept one.
 * Undefined = the page was opened without either.
 */
export function takeToken(place: TokenPlace): string | undefined {
  const address = new URL(place.href);
  const given = address.searchParams.get('token');
  const key = `${KEY}:${address.origin}${address.pathname}`;
  if (given === null || given === '') return read(place, key);
  address.searchParams.delete('token');
  place.replaceAddress(address.href);
  try {
    place.storage.setItem(key, given);
  } catch {
    // Storage is closed inside some iframes: the token then lives as long as the page.
  }
  return given;
}

function read(place: TokenPlace, key: string): string | undefined {
  try {
    return place.storage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}
