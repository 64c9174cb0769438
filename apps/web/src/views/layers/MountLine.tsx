import type { DiskStackAnswer } from '@underdock/trace';
import type { ReactNode } from 'react';
import { CopyButton } from '../CopyButton.tsx';
import { breakable } from '../evidence/values.ts';
import { layerTitle } from './layerWords.ts';
import { readOptions } from './mountOptions.ts';

/** The mount that makes one tree of the layers: its line of options, and what each directory in it is for. */
export function MountLine({ stack }: { stack: DiskStackAnswer }) {
  if (stack.kind !== 'overlay') return <Copied stack={stack} />;
  const { line, lower, upper, work, others } = readOptions(stack);
  return (
    <section className="mount-line">
      <header>
        <h3>How they are mounted</h3>
        <CopyButton text={line} label="Copy the options" />
      </header>
      <p className="quiet-text">
        {stack.mountOptions
          ? 'Its options, as the kernel shows them now.'
          : 'Not mounted now: its options as the trace tells them.'}
        {upper?.startsWith('/') === false && ' Without a / in front: seen from where mount ran.'}
      </p>
      <dl>
        <Option
          name="lowerdir"
          means="Read only, the topmost first: of files with one name the first counts."
        >
          <Lowers stack={stack} lower={lower} />
        </Option>
        <Option
          name="upperdir"
          means="Takes all that the container writes. A file from below is copied up before it changes; a deleted one leaves a mark."
        >
          {upper}
        </Option>
        <Option
          name="workdir"
          means="overlayfs’ own: a file is made ready here and then moved to upperdir in one piece, so it lies on the same filesystem."
        >
          {work}
        </Option>
        {others.length > 0 && <Option name={others.join(',')} means="The other options." />}
        <Option name="mounted at" means="All of it merged. pivot_root makes this / of the container.">
          {stack.target}
        </Option>
      </dl>
    </section>
  );
}

/** The folders of the option beside the layers that they are. */
function Lowers({ stack, lower }: { stack: DiskStackAnswer; lower: readonly string[] }) {
  const fits = lower.length === stack.lower.length;
  return (
    <>
      {lower.map((folder, at) => {
        const layer = fits && stack.layers.find((one) => one.folder === stack.lower[at]);
        return (
          <span key={folder} className="lower-folder">
            <em>{layer ? layerTitle(layer) : ''}</em>
            <span>{breakable(folder)}</span>
          </span>
        );
      })}
      {lower.some((folder) => /(^|\/)l\/[^/]+$/.test(folder)) && (
        <span className="why-links">
          l/… are links to the layers’ folders, short because all options have to fit into one page of memory.
        </span>
      )}
    </>
  );
}

function Option({ name, means, children }: { name: string; means: string; children?: ReactNode }) {
  return (
    <div>
      <dt className="mono">{name}</dt>
      <dd>
        <p>{means}</p>
        {children && (
          <div className="mono where">{typeof children === 'string' ? breakable(children) : children}</div>
        )}
      </dd>
    </div>
  );
}

function Copied({ stack }: { stack: DiskStackAnswer }) {
  if (stack.kind === undefined) return null;
  return (
    <section className="mount-line">
      <h3>No overlay</h3>
      <p>The kernel mounted no overlay here: the layers were copied into one tree at {stack.target}.</p>
    </section>
  );
}
