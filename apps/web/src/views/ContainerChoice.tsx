import { containerTitle } from '@underdock/chain';
import type { Containers } from './useContainers.ts';

/** Which of several containers the picture shows; nothing where there is but one. */
export function ContainerChoice({ containers }: { containers: Containers }) {
  const { all, shown, chosen, choose } = containers;
  if (all.length < 2) return null;
  return (
    <fieldset className="container-choice">
      <legend className="sr-only">Container in the picture</legend>
      <span className="quiet-text">Container</span>
      {all.map((one) => (
        <button
          key={one.id}
          type="button"
          className="small"
          aria-pressed={one.id === shown}
          title={one.id.slice(0, 12)}
          onClick={() => choose(one.id)}
        >
          {containerTitle(one)}
        </button>
      ))}
      {chosen !== undefined && (
        <button type="button" className="small quiet" onClick={() => choose(undefined)}>
          Go with the story
        </button>
      )}
    </fieldset>
  );
}
