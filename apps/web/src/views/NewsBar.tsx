import { titleOf } from './runWords.ts';
import type { Newest } from './useNewest.ts';

/** Says quietly that somebody has begun something, while the reader looks at something else. */
export function NewsBar(props: { newest: Newest; onShow: (run: string) => void; onList: () => void }) {
  const { news, dismiss } = props.newest;
  return (
    <div className="news" role="status" hidden={!news}>
      {news && (
        <>
          <span className="news-text">
            New on this host: <code>{titleOf(news.tell)}</code>
          </span>
          <button type="button" className="small" onClick={() => props.onShow(news.tell.id)}>
            Show it <kbd className="wide-only">n</kbd>
          </button>
          {news.others > 0 && (
            <button type="button" className="small quiet" onClick={props.onList}>
              and {news.others} more
            </button>
          )}
          <button type="button" className="small quiet" aria-label="Not now" onClick={dismiss}>
            ✕
          </button>
        </>
      )}
    </div>
  );
}
