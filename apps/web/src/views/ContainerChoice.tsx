import { type ContainerPicture, containerTitle } from '@underdock/chain';
import { memo } from 'react';
import type { Containers } from './useContainers.ts';

/** So many stand side by side above the picture; of more, one is chosen from a list. */
const MOST_BESIDE = 8;

/** Which of several containers the picture shows; nothing where there is but one. */
export function ContainerChoice({ containers }: { containers: Containers }) {
  const { all, chosen, choose } = containers;
  if (all.length < 2) return null;
  return (
    <fieldset className="container-choice">
      <legend className="sr-only">Container in the picture</legend>
      <span className="quiet-text">Container</span>
      {all.length > MOST_BESIDE ? <FromList containers={containers} /> : <Beside containers={containers} />}
      {chosen !== undefined && (
        <button type="button" className="small quiet" onClick={() => choose(undefined)}>
          Go with the story
        </button>
      )}
    </fieldset>
  );
}

function Beside({ containers: { all, shown, choose } }: { containers: Containers }) {
  return all.map((one) => (
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
  ));
}

function FromList({ containers: { all, shown, choose } }: { containers: Containers }) {
  return (
    <>
      <select
        aria-label="Container in the picture"
        value={shown ?? ''}
        onChange={(event) => choose(event.target.value)}
      >
        {shown === undefined && <option value="">none yet</option>}
        <Options all={all} />
      </select>
      <span className="quiet-text">of {all.length}</span>
    </>
  );
}

/** Hundreds of them: they are not gone through again for each step. */
const Options = memo(function Options({ all }: { all: readonly ContainerPicture[] }) {
  return all.map((one) => (
    <option key={one.id} value={one.id}>
      {containerTitle(one)} ({one.id.slice(0, 12)})
    </option>
  ));
});
