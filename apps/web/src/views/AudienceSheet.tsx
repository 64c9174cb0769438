import { type AudienceAnswer, audienceSchema } from '@underdock/trace';
import { toSvgPath } from 'lean-qr/extras/svg';
import { useEffect, useState } from 'react';
import { SourceError } from '../source/error.ts';
import { audienceLinks, isOwnMachine } from './audienceLinks.ts';
import { CopyButton } from './CopyButton.tsx';
import { usePage } from './page.ts';
import { qrCode } from './qrCode.ts';
import { Sheet } from './Sheet.tsx';

/** The link for an audience, which may only look, large enough for cameras in the last row. */
export function AudienceSheet({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Sheet
      title="Link for the audience"
      about="Whoever opens it sees what you see here and can go back and forth alone. It can’t run, stop or type anything."
      open={open}
      onClose={onClose}
      wide
    >
      <Links />
    </Sheet>
  );
}

function Links() {
  const answer = useAudience();
  const [chosen, setChosen] = useState(0);
  if (answer === undefined) return <p>The agent is asked for it …</p>;
  if (answer instanceof Error) return <p role="alert">{answer.message}</p>;
  const links = audienceLinks(answer, new URL(location.href));
  const link = links[chosen] ?? links[0]!;
  return (
    <div className="audience">
      <QrCode text={link.href} />
      <div className="audience-words">
        {links.length > 1 && (
          <label>
            Address
            <select value={chosen} onChange={(event) => setChosen(Number(event.target.value))}>
              {links.map(({ host }, index) => (
                <option key={host} value={index}>
                  {host}
                </option>
              ))}
            </select>
          </label>
        )}
        <p>
          <code className="audience-link">{link.href}</code>
        </p>
        <CopyButton text={link.href} label="Copy the link" />
        {isOwnMachine(link.hostname) && (
          <p className="audience-note">
            This address is known on this machine alone. For others in the room start underdock with{' '}
            <code>--host 0.0.0.0</code>, or behind a proxy with <code>--public-url URL</code>.
          </p>
        )}
        <p className="quiet-text">
          It holds a key: who has it may look until underdock is started with <code>--new-links</code>.
        </p>
      </div>
    </div>
  );
}

/** Modules are dark on white in both themes: many readers know no other way round. Four of them are left free at each side (ISO 18004). */
function QrCode({ text }: { text: string }) {
  const code = qrCode(text);
  if (!code) return <p>This link is too long for a QR code: clear what is searched for, or copy it.</p>;
  const side = code.size + 8;
  return (
    <svg className="qr" viewBox={`-4 -4 ${side} ${side}`} role="img" aria-label={`QR code of ${text}`}>
      <rect x={-4} y={-4} width={side} height={side} fill="#fff" />
      <path d={toSvgPath(code)} fill="#000" />
    </svg>
  );
}

function useAudience(): AudienceAnswer | Error | undefined {
  const { http } = usePage();
  const [answer, setAnswer] = useState<AudienceAnswer | Error>();
  useEffect(() => {
    let isGone = false;
    http
      .read('audience')
      .then((given) => audienceSchema.parse(given))
      .catch((error: unknown) => (error instanceof SourceError ? error : new Error(String(error))))
      .then((given) => {
        if (!isGone) setAnswer(given);
      });
    return () => {
      isGone = true;
    };
  }, [http]);
  return answer;
}
