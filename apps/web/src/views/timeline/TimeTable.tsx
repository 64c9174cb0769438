import type { ChainState } from '@underdock/chain';
import { LAYERS } from '@underdock/trace';
import { duration } from '../evidence/values.ts';
import { useTimeSpent } from './useTimes.ts';

/** Where the time in sight went: one bar in parts, and each part as a number. */
export function TimeTable({ last, from, to }: { last: ChainState; from: number; to: number }) {
  const { layers, nobodyMs, wholeMs } = useTimeSpent(last, from, to);
  const part = (ms: number) => (wholeMs > 0 ? (ms / wholeMs) * 100 : 0);
  return (
    <section className="time-spent" aria-label="Where the time went">
      <h3>
        Where the time went <span className="quiet-text">{duration(wholeMs)} in sight</span>
      </h3>
      <div className="time-bar" aria-hidden="true">
        {LAYERS.map((layer) => (
          <i key={layer} className={`on-${layer}`} style={{ width: `${part(layers[layer].selfMs)}%` }} />
        ))}
      </div>
      <dl>
        {LAYERS.map((layer) => (
          <div key={layer} className={`on-${layer}`}>
            <dt>{layer}</dt>
            <dd>
              <strong>{duration(layers[layer].selfMs)}</strong> {share(part(layers[layer].selfMs))}
              <span className="quiet-text">
                {layers[layer].waitingMs > 0 && `waits ${duration(layers[layer].waitingMs)}`}
              </span>
            </dd>
          </div>
        ))}
        <div className="on-nobody">
          <dt>nobody seen</dt>
          <dd>
            <strong>{duration(nobodyMs)}</strong> {share(part(nobodyMs))}
          </dd>
        </div>
      </dl>
      <details>
        <summary>What counts as what</summary>
        <p>
          Each moment counts once, for the deepest layer at work: that is its own time, in bold, and all of it
          adds up to the whole. A layer above that has asked for something waits meanwhile. A running
          container counts as process, from its first instruction to its end.
        </p>
      </details>
    </section>
  );
}

function share(percent: number): string {
  if (percent < 0.005) return '0 %';
  return percent < 1 ? '< 1 %' : `${Math.round(percent)} %`;
}
