import type { PreparedConfigAnswer, RunRequestInput } from '@underdock/trace';
import { useRef, useState } from 'react';
import { SourceError } from '../../source/error.ts';
import { usePage } from '../page.ts';
import { Refused } from '../Refused.tsx';
import { ConfigFaults } from './ConfigFaults.tsx';
import { ConfigFields } from './ConfigFields.tsx';
import { placeOf } from './configPlaces.ts';

interface ConfigLookProps {
  request: RunRequestInput;
  /** The text that is to run in place of what the flags make; undefined = the flags'. */
  edited: string | undefined;
  onEdit: (text: string | undefined) => void;
}

/** config.json before it runs: as the flags make it, with what each field is for, and to be changed. */
export function ConfigLook(props: ConfigLookProps) {
  const look = useConfig(props);
  const { prepared, busy, refused } = look;
  return (
    <section className="config-look" aria-label="config.json">
      <div className="form-actions">
        <button type="button" disabled={busy} onClick={() => void look.prepare()}>
          {prepared ? 'Make it anew from the flags' : 'Look at config.json before it runs'}
        </button>
        {busy && <span className="quiet-text">Making it …</span>}
        <Refused refused={refused} />
      </div>
      {prepared && <Editor {...look} prepared={prepared} edited={props.edited} />}
    </section>
  );
}

function Editor(
  props: ReturnType<typeof useConfig> & { prepared: PreparedConfigAnswer; edited: string | undefined },
) {
  const { prepared, edited, faults, outdated } = props;
  const field = useRef<HTMLTextAreaElement>(null);
  const text = edited ?? prepared.text;
  const show = (path: string) => {
    const place = placeOf(text, path);
    const area = field.current;
    if (!place || !area) return;
    area.focus();
    area.setSelectionRange(place.from, place.to);
    const line = text.slice(0, place.from).split('\n').length;
    area.scrollTop = (line - 3) * (area.scrollHeight / text.split('\n').length);
  };
  return (
    <div className="config-columns">
      <div className="config-text">
        <label htmlFor="config-text">
          {edited === undefined
            ? 'As the flags make it: change it here'
            : 'Edited: this text runs, and not the flags'}
        </label>
        <textarea
          id="config-text"
          ref={field}
          className="mono"
          value={text}
          onChange={(event) => props.type(event.target.value)}
          spellCheck={false}
          autoComplete="off"
          aria-invalid={faults.length > 0}
          aria-describedby="config-faults"
        />
        {outdated && (
          <p className="quiet-text">The flags have been changed since: the text does not know of it.</p>
        )}
      </div>
      <div className="config-words">
        <ConfigFaults faults={faults} edited={edited !== undefined} isFree={prepared.isFree} onShow={show} />
        <ConfigFields text={text} provenance={prepared.provenance} faults={faults} onShow={show} />
      </div>
    </div>
  );
}

/** So long nobody has typed before a text is checked (ms). */
const PAUSE_MS = 400;

function useConfig({ request, edited, onEdit }: ConfigLookProps) {
  const { http } = usePage();
  const [prepared, setPrepared] = useState<PreparedConfigAnswer>();
  const [faults, setFaults] = useState<PreparedConfigAnswer['faults']>([]);
  const [made, setMade] = useState('');
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<{ message: string; remedy?: string | undefined }>();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const asked = useRef(0);
  const ask = async (text?: string) => {
    const turn = ++asked.current;
    setRefused(undefined);
    try {
      const answer = await http.config({ ...request, image: request.image || '' }, text);
      if (turn !== asked.current) return undefined;
      setFaults(answer.faults);
      return answer;
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      if (turn === asked.current) setRefused({ message: error.message, remedy: error.remedy });
      return undefined;
    }
  };
  const prepare = async () => {
    setBusy(true);
    const answer = await ask();
    setBusy(false);
    if (!answer) return;
    setPrepared(answer);
    setMade(JSON.stringify(request));
    onEdit(undefined);
  };
  const type = (text: string) => {
    clearTimeout(timer.current);
    const isOwn = text === prepared?.text;
    onEdit(isOwn ? undefined : text);
    timer.current = setTimeout(() => void ask(text), PAUSE_MS);
  };
  const outdated = prepared !== undefined && made !== JSON.stringify(request) && edited !== undefined;
  return { prepared, faults, busy, refused, prepare, type, outdated };
}
