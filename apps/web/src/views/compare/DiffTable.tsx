import { type Diff, type DiffRow, onlyThere, type Side } from '@underdock/chain';
import { absentWords, markWords, valueMeans } from '@underdock/story';
import { breakable } from '../evidence/values.ts';
import { SHAPES } from './compareWords.ts';

interface DiffTableProps {
  rows: readonly DiffRow[];
  diff: Diff;
  sides: readonly Side[];
  title: string;
}

/** Values by name, one column per trace. */
export function DiffTable({ rows, diff, sides, title }: DiffTableProps) {
  const letters = sides.map(({ letter }) => letter);
  return (
    <table className="diff-table" style={{ '--sides': sides.length } as React.CSSProperties}>
      <caption className="sr-only">{title}</caption>
      <thead>
        <tr>
          <th scope="col">Value</th>
          {sides.map(({ letter, road }) => (
            <th scope="col" key={letter}>
              <span className="letter">{letter}</span> {road}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <Row key={row.name} {...{ row, diff, letters }} before={rows[index - 1]} />
        ))}
      </tbody>
    </table>
  );
}

function Row(props: {
  row: DiffRow;
  /** The row above: what both are is said once. */
  before: DiffRow | undefined;
  diff: Diff;
  letters: readonly string[];
}) {
  const { row, before, diff, letters } = props;
  const said = before && valueMeans(before.name);
  const means = valueMeans(row.name) === said ? undefined : valueMeans(row.name);
  const told = valuesOf(row, diff);
  return (
    <tr className={`is-${row.mark}`}>
      <th scope="row">
        <code className="value-name">{breakable(row.name)}</code>
        {means && <span className="means">{means}</span>}
        <span className="mark">
          <i aria-hidden="true">{SHAPES[row.mark]}</i> {markWords(row, letters)}
        </span>
      </th>
      {letters.map((letter, side) => (
        <td key={letter} data-letter={letter}>
          {row.values[side] === undefined ? (
            <span className="absent">{told[side]}</span>
          ) : (
            <span
              className={row.alike[side] === side || row.mark !== 'differs' ? 'mono' : 'mono is-repeated'}
            >
              {told[side]!.includes(' ') ? told[side] : breakable(told[side]!)}
            </span>
          )}
        </td>
      ))}
    </tr>
  );
}

/** Of sets that are not alike only what is not shared is told. */
function valuesOf(row: DiffRow, diff: Diff): string[] {
  const several = (row.sets ?? []).filter((set) => set !== undefined).length > 1;
  const extra =
    several && row.sets && row.mark !== 'same' && row.mark !== 'own' ? onlyThere(row.sets) : undefined;
  return row.values.map((value, side) => {
    if (value === undefined) return absentWords(row, side, diff);
    const set = extra && row.sets?.[side];
    if (set) return setWords(set.length, extra[side]!);
    return value || '(empty)';
  });
}

function setWords(size: number, extra: readonly string[]): string {
  return extra.length === 0 ? `${size}, all shared` : `${size}, not shared: ${extra.join(', ')}`;
}
