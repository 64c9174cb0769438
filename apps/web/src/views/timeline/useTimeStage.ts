import type { LaneMark } from '@underdock/chain';
import { useLayoutEffect, useRef } from 'react';
import type { TimePicture } from '../../stage/timePaint.ts';
import { openTimeStage, type TimeStage } from '../../stage/timeStage.ts';

/** Keeps the timeline’s drawing as the picture is. */
export function useTimeStage(
  picture: TimePicture,
  told: {
    onPick(mark: LaneMark): void;
    onHover(mark: LaneMark | undefined): void;
    onWindow(from: number, to: number): void;
  },
) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const strip = useRef<SVGSVGElement>(null);
  const needle = useRef<HTMLDivElement>(null);
  const stage = useRef<TimeStage>(undefined);
  const listener = useRef(told);
  useLayoutEffect(() => {
    listener.current = told;
  });
  useLayoutEffect(() => {
    const opened = openTimeStage({
      canvas: canvas.current!,
      strip: strip.current!,
      needle: needle.current!,
      onPick: (mark) => listener.current.onPick(mark),
      onHover: (mark) => listener.current.onHover(mark),
      onWindow: (from, to) => listener.current.onWindow(from, to),
    });
    stage.current = opened;
    return () => opened.close();
  }, []);
  useLayoutEffect(() => stage.current?.show(picture));
  return { canvas, strip, needle, stage };
}
