import { useCallback, useSyncExternalStore } from 'react';

const MOST = 4;

/** The traces that the address asks to compare. */
export interface CompareAddress {
  /** Two to four ids; undefined while nothing is compared. */
  ids: readonly string[] | undefined;
  show(ids: readonly string[]): void;
  close(): void;
}

/** What is compared stands in the address (`?compare=ID,ID`), so that a reload and a link show the same. */
export function useCompareAddress(): CompareAddress {
  const asked = useSyncExternalStore(onChange, () => new URLSearchParams(location.search).get('compare'));
  const go = useCallback((ids: readonly string[] | undefined) => {
    const address = new URL(location.href);
    address.searchParams.delete('compare');
    const rest = address.searchParams.size > 0 ? '&' : '?';
    // Commas stay commas: the address is read and typed by people.
    const added = ids ? `${rest}compare=${ids.map(encodeURIComponent).join(',')}` : '';
    history.pushState(null, '', `${address.pathname}${address.search}${added}${address.hash}`);
    dispatchEvent(new Event('underdock:address'));
  }, []);
  const ids = asked?.split(',').filter((id) => id !== '') ?? [];
  return {
    ids: ids.length > 1 ? ids.slice(0, MOST) : undefined,
    show: go,
    close: useCallback(() => {
      if (new URLSearchParams(location.search).has('compare')) go(undefined);
    }, [go]),
  };
}

function onChange(listener: () => void): () => void {
  addEventListener('popstate', listener);
  addEventListener('underdock:address', listener);
  return () => {
    removeEventListener('popstate', listener);
    removeEventListener('underdock:address', listener);
  };
}
