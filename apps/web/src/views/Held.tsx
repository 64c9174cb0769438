import { type ChainState, containerOf } from '@underdock/chain';
import { CopyButton } from './CopyButton.tsx';

/** The container is built and waits for start: what can be seen of its init process now. */
export function Held({ state }: { state: ChainState }) {
  const container = containerOf(state);
  const init = container.init === undefined ? undefined : container.processes.get(String(container.init));
  const own = Object.values(container.namespaces).filter((one) => one.own && !one.gone);
  return (
    <section className="held" aria-label="Held before start">
      <h3>It waits between create and start</h3>
      <p>
        The container is built: namespaces, cgroups, mounts. Its init process exists and waits; the command
        has not been executed yet.
      </p>
      {init && (
        <dl className="fields">
          <div>
            <dt>init process</dt>
            <dd className="mono">
              {init.comm}, pid {init.pid} here{init.innerPid !== undefined && `, pid ${init.innerPid} inside`}
            </dd>
          </div>
          {own.length > 0 && (
            <div>
              <dt>namespaces of its own</dt>
              <dd className="mono">{own.map((one) => one.kind).join(', ')}</dd>
            </div>
          )}
        </dl>
      )}
      {init && (
        <div className="command-box">
          <code>lsns -p {init.pid}</code>
          <CopyButton text={`lsns -p ${init.pid}`} />
        </div>
      )}
    </section>
  );
}
