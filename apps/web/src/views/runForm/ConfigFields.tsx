import { CONFIG_FIELDS } from '@underdock/story';
import type { PreparedConfigAnswer } from '@underdock/trace';
import { placeOf } from './configPlaces.ts';

/** What each field is for, and whether it comes from a flag, from the image, or from nobody's wish. */
export function ConfigFields(props: {
  text: string;
  provenance: PreparedConfigAnswer['provenance'];
  faults: PreparedConfigAnswer['faults'];
  onShow: (path: string) => void;
}) {
  const there = Object.entries(CONFIG_FIELDS).filter(([path]) => placeOf(props.text, path));
  return (
    <dl className="config-fields">
      {there.map(([path, says]) => (
        <div
          key={path}
          className={props.faults.some(({ field }) => field.startsWith(path)) ? 'is-wrong' : ''}
        >
          <dt>
            <button type="button" className="link" onClick={() => props.onShow(path)}>
              <code>{path}</code>
            </button>{' '}
            <span className="quiet-text">{fromOf(path, props.provenance)}</span>
          </dt>
          <dd>{says}</dd>
        </div>
      ))}
    </dl>
  );
}

function fromOf(path: string, provenance: PreparedConfigAnswer['provenance']): string {
  const about = provenance.filter(({ field }) => field === path || field.startsWith(`${path}.`));
  const flags = about.filter(({ from }) => from === 'flag').map(({ flag }) => flag);
  if (flags.length > 0) return `from ${[...new Set(flags)].join(', ')}`;
  if (about.some(({ from }) => from === 'image')) return 'from the image';
  return about.length > 0 ? 'underdock’s default' : '';
}
