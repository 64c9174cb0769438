import type { Reading } from '../player/reading.ts';
import { useKeys } from './useKeys.ts';

/** The keys that move through a trace; page up and page down are what a presenter's remote sends. */
export function useReadingKeys(reading: Reading, onPresent: () => void): void {
  const forward = () => reading.forward();
  const back = () => reading.back();
  useKeys({
    ArrowRight: forward,
    PageDown: forward,
    ArrowLeft: back,
    PageUp: back,
    ' ': () => reading.toggle(),
    Home: () => reading.toStart(),
    End: () => reading.toEnd(),
    '1': () => reading.setLevel('story'),
    '2': () => reading.setLevel('calls'),
    '3': () => reading.setLevel('syscalls'),
    '0': () => void dispatchEvent(new Event('underdock:fit')),
    '[': () => reading.toMark(-1),
    ']': () => reading.toMark(1),
    f: () => reading.follow(),
    p: onPresent,
  });
}
