import { type ChainState, initialState } from '@underdock/chain';
import { scene as drawScene, type Reference, type Scene } from '@underdock/draw';
import type { DetailLevel } from '@underdock/trace';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { openStage, type Stage } from '../stage/stage.ts';

/** Before anything runs: the layers, and nobody in them. */
const NOTHING_RUN = initialState({
  underdock: 1,
  id: 'none',
  title: '',
  via: 'embedded',
  command: [],
  startedAt: '2000-01-01T00:00:00Z',
  clock: { monotonicNs: '0', wallMs: 0 },
  host: { kernel: '', arch: '', cgroup: 'none', root: false, versions: {} },
  watchers: [],
  redacted: [],
});

/** The picture of the chain at this moment; without a state, the empty scene. */
export function Dive(props: {
  state: ChainState | undefined;
  actors: readonly { key: string; layer: string; name: string }[];
  level: DetailLevel;
  /** Id of the container that is drawn; without one, the first. */
  container?: string | undefined;
  selectedSpan: string | undefined;
  scale: number;
  onPick: (ref: Reference) => void;
}) {
  const { state, actors, level, container, selectedSpan, scale } = props;
  const frame = useRef<HTMLDivElement>(null);
  const size = useSize(frame);
  const scene = useMemo(
    () =>
      size &&
      drawScene(state ?? NOTHING_RUN, {
        width: size.width,
        height: size.height,
        level,
        ...(container === undefined ? {} : { container }),
        selectedSpan,
        scale,
        actors,
      }),
    [state, actors, level, container, selectedSpan, scale, size],
  );
  const { svg, zoomed, fit } = useStage(scene, props.onPick);
  return (
    <div className="dive-frame" ref={frame}>
      <svg ref={svg} className="dive" />
      {zoomed && (
        <button type="button" className="fit" onClick={fit}>
          Show all
        </button>
      )}
    </div>
  );
}

function useStage(scene: Scene | undefined, onPick: (ref: Reference) => void) {
  const svg = useRef<SVGSVGElement>(null);
  const opened = useRef<Stage>(undefined);
  const pick = useRef(onPick);
  const [zoomed, setZoomed] = useState(false);
  useLayoutEffect(() => {
    pick.current = onPick;
  });
  useLayoutEffect(() => {
    const still = matchMedia('(prefers-reduced-motion: reduce)');
    const here = openStage(svg.current!, {
      still: () => still.matches || document.hidden,
      onPick: (ref) => pick.current(ref),
      onZoom: setZoomed,
    });
    opened.current = here;
    const fit = () => here.fit();
    addEventListener('underdock:fit', fit);
    return () => {
      removeEventListener('underdock:fit', fit);
      here.close();
    };
  }, []);
  useLayoutEffect(() => {
    if (scene) opened.current?.show(scene);
  }, [scene]);
  return { svg, zoomed, fit: () => opened.current?.fit() };
}

function useSize(frame: { current: HTMLElement | null }): { width: number; height: number } | undefined {
  const [size, setSize] = useState<{ width: number; height: number }>();
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      if (width > 0 && height > 0) setSize({ width: Math.round(width), height: Math.round(height) });
    });
    observer.observe(frame.current!);
    return () => observer.disconnect();
  }, [frame]);
  return size;
}
