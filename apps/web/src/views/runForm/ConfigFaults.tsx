import type { PreparedConfigAnswer } from '@underdock/trace';

/** What is wrong with the text, field by field; or that it holds, and how far one may go. */
export function ConfigFaults(props: {
  faults: PreparedConfigAnswer['faults'];
  edited: boolean;
  isFree: boolean;
  onShow: (path: string) => void;
}) {
  const { faults, edited, isFree, onShow } = props;
  return (
    <div id="config-faults" role="status">
      {faults.length === 0 ? (
        <p>
          It holds to the OCI runtime spec{edited ? '' : ', as made from the flags'}.{' '}
          {isFree
            ? 'Here it may ask for anything: whoever runs it is as mighty as this agent.'
            : 'It may ask for what flags may ask for; for more the agent has to be started with --allow-config.'}
        </p>
      ) : (
        <ul className="config-faults">
          {faults.map(({ field, message, line }) => (
            <li key={`${field} ${message}`} className="fault">
              {field !== '' && (
                <button type="button" className="link" onClick={() => onShow(field)}>
                  <code>{field}</code>
                </button>
              )}{' '}
              {message}
              {line !== undefined && <span className="quiet-text"> (line {line})</span>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
