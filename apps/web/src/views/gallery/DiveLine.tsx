import { LAYERS, type Layer } from '@underdock/trace';

const DEPTH = 10;
const FAILED = 'abcdef';

/** A trace’s story as a line: each step to the right of the one before, each layer below the one above. */
export function DiveLine({ story }: { story: string }) {
  const steps = [...story].map((sign) => {
    const failed = FAILED.indexOf(sign);
    return { depth: failed < 0 ? Number(sign) : failed, failed: failed >= 0 };
  });
  const place = (depth: number) => depth * DEPTH + DEPTH / 2;
  const points = steps.map(({ depth }, index) => `${index + 0.5},${place(depth)}`).join(' ');
  return (
    <svg
      className="dive-line"
      viewBox={`0 0 ${Math.max(1, steps.length)} ${DEPTH * LAYERS.length}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${steps.length} steps${steps.some(({ failed }) => failed) ? ', one of them fails' : ''}`}
    >
      <polyline points={points} />
      {steps.map(({ depth, failed }, index) => (
        <rect
          key={`${index}-${depth}`}
          className={failed ? 'is-failed' : ''}
          style={{ fill: `var(--layer-${LAYERS[depth] as Layer})` }}
          x={index + 0.1}
          width={0.8}
          y={place(depth) - 3}
          height={6}
        />
      ))}
    </svg>
  );
}
