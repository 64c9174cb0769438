import { useCallback, useEffect, useState } from 'react';
import { type EmbedOptions, toldBy } from '../../embed/embedOptions.ts';
import type { FromFrame, ToFrame } from '../../embed/messages.ts';
import { containedTrace, givenTraces, localFile } from '../../source/traceFile.ts';
import { usePage } from '../page.ts';

/** Tells the page around this frame, if it said who it is. */
export type TellParent = (message: FromFrame) => void;

/** Speaks with the page around: only with the origin that the address names, and only from and to that very window. */
export function useParent(parent: string | undefined, onMessage: (message: ToFrame) => void): TellParent {
  const tell = useCallback<TellParent>(
    (message) => {
      // A page from a disk has no origin that could be named.
      if (parent !== undefined && window.parent !== window)
        window.parent.postMessage(message, parent === 'null' ? '*' : parent);
    },
    [parent],
  );
  useEffect(() => {
    const listen = (event: MessageEvent) => {
      if (parent === undefined || event.origin !== parent || event.source !== window.parent) return;
      const message = toldBy(event.data);
      if (message) onMessage(message);
    };
    addEventListener('message', listen);
    return () => removeEventListener('message', listen);
  }, [parent, onMessage]);
  return tell;
}

/** The run that is embedded: what lies in the page, what its address names, or what the page around brings. */
export function useEmbeddedRun(): {
  run: string | undefined;
  bring: (name: string, bytes: ArrayBuffer) => void;
} {
  const { link } = usePage();
  const [run, setRun] = useState<string | undefined>(() => {
    const file = containedTrace(document) ?? givenTraces(new URL(location.href))[0];
    return file && link.open(file);
  });
  const bring = useCallback(
    (name: string, bytes: ArrayBuffer) =>
      setRun(link.open(localFile({ name, stream: () => new Blob([bytes]).stream() }))),
    [link],
  );
  return { run, bring };
}

/** Colours as they were asked for; a reader’s own choice on the page as such does not count in somebody else’s. */
export function useEmbedTheme(theme: EmbedOptions['theme']): void {
  useEffect(() => {
    const light = matchMedia('(prefers-color-scheme: light)');
    const set = () => {
      document.documentElement.dataset.theme = theme === 'auto' ? (light.matches ? 'light' : 'dark') : theme;
    };
    set();
    light.addEventListener('change', set);
    return () => light.removeEventListener('change', set);
  }, [theme]);
}
