import { CopyButton } from './CopyButton.tsx';

/** Commands that most hosts with an engine can run, and what each of them shows. */
const EXAMPLES: readonly (readonly [string, string])[] = [
  ['docker run --rm alpine echo hello', 'the whole way from the command to a process'],
  ['docker exec NAME id', 'one more process in a container that runs'],
];

/** The host is watched and nothing has been begun yet: says what to do. */
export function Watching({ others }: { others: number }) {
  return (
    <div className="beginning">
      <h2>Watching this host</h2>
      <p>
        Type a command in any terminal of this host. What it sets in motion appears here as it happens, from
        the client down to the kernel.
      </p>
      {EXAMPLES.map(([command, shows]) => (
        <div key={command} className="watch-example">
          <div className="command-box">
            <code>{command}</code>
            <CopyButton text={command} />
          </div>
          <p className="quiet-text">{shows}</p>
        </div>
      ))}
      <p>Nothing is restarted or configured for it: underdock looks at the programs from outside.</p>
      {others > 0 && <p className="quiet-text">What was seen before is in the list of runs.</p>}
    </div>
  );
}
