import { Sheet } from './Sheet.tsx';

const KEYS: readonly (readonly [string, string])[] = [
  ['→ or Page down', 'Next step'],
  ['← or Page up', 'Step before'],
  ['Space', 'Play, or stay'],
  ['Home', 'To the beginning'],
  ['End', 'To the newest step, and follow'],
  ['f', 'Follow: stay with the newest step'],
  ['j', 'Jump to a step by its number'],
  ['[  ]', 'Chapter before, next chapter'],
  ['m', 'Stop at each chapter while playing, or not'],
  [',  .', 'Slower, faster'],
  ['1  2  3', 'Story, calls, syscalls'],
  ['y', 'Copy the link to this step, level and view'],
  ['t', 'Timeline, or back to the picture'],
  ['/', 'Search in the timeline; Enter goes to the next match'],
  ['+  −', 'Timeline: closer, further away'],
  ['<  >', 'Timeline: earlier, later'],
  ['p', 'Presenter mode on and off'],
  ['g', 'Guide: captions, chapters and stops of your own'],
  ['a', 'Link for the audience, as a code for cameras'],
  ['r', 'Run something'],
  ['w', 'Watch this host, or stop watching'],
  ['n', 'Show the newest run that was found'],
  ['l', 'Library: everything that was recorded'],
  ['c', 'Compare runs side by side'],
  ['d', 'Layers on disk: folders and files of the container'],
  ['e', 'Export the run: what carries it to other platforms'],
  ['s', 'Share the trace: what it tells, without names of people and places'],
  ['b', 'Bright or dark'],
  ['0', 'Picture or timeline: all of it'],
  ['?', 'This list'],
  ['↑ ↓ in the picture', 'From thing to thing; Enter shows its evidence'],
];

/** The keys that do something on this page. */
export function KeysSheet(props: { open: boolean; onClose: () => void }) {
  return (
    <Sheet title="Keys" open={props.open} onClose={props.onClose}>
      <dl className="keys">
        {KEYS.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Sheet>
  );
}
