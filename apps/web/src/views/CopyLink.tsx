import { isOpened } from '../source/openedTraces.ts';
import { usePage } from './page.ts';
import { useCopy } from './useCopy.ts';
import { useKeys } from './useKeys.ts';
import { useRunAddress } from './useRunAddress.ts';

/** Copies the address of just this place in just this trace. */
export function CopyLink() {
  const { link } = usePage();
  const [run] = useRunAddress();
  const { said, copy } = useCopy();
  // A file of the reader's own disk is in no address.
  const isHere = run !== undefined && isOpened(run) && !link.isNamed(run);
  const act = () => !isHere && copy(location.href);
  useKeys({ y: act });
  return (
    <button
      type="button"
      className="copy-link"
      disabled={isHere}
      title={
        isHere
          ? 'This trace is a file on your disk: no link leads to it'
          : 'A link to this step, level and view'
      }
      onClick={act}
    >
      {said || 'Copy link'}
    </button>
  );
}
