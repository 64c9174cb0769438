import { type Call, type ChainState, callName, callOf, causesOf, type ToldStep } from '@underdock/chain';
import type { TraceEvent } from '@underdock/trace';
import { changeOf } from './change.ts';
import { RawEvidence } from './RawEvidence.tsx';
import { TryIt } from './TryIt.tsx';
import { duration, instant, shownFields } from './values.ts';

/** What lies behind the chosen step: who did what, how it is known, why it happened and what it changed. */
export function Evidence(props: {
  step: ToldStep | undefined;
  /** State at the end of what is known: causes and living processes are looked up here. */
  state: ChainState | undefined;
  onSpan: (span: string) => void;
}) {
  const { step, state } = props;
  if (!step || !state) {
    return (
      <p className="quiet-text">
        Choose a step or an arrow. Here stands what is behind it: who did it, the exact call, how we know, and
        why it happened.
      </p>
    );
  }
  const call = step.span ? callOf(state, step.span) : undefined;
  return (
    <div className="evidence">
      <Heading step={step} call={call} />
      {step.failure && <FailureNote failure={step.failure} />}
      <Said step={step} />
      <Changes facts={step.facts} />
      <Why step={step} call={call} state={state} onSpan={props.onSpan} />
      <RawEvidence events={[step.event, ...(step.end ? [step.end] : [])]} facts={step.facts} />
      <TryIt step={step} state={state} />
    </div>
  );
}

function Heading({ step, call }: { step: ToldStep; call: Call | undefined }) {
  const { event } = step;
  const name = call?.name ?? callName(step.step, { ...event.data, ...step.end?.data });
  return (
    <header className="evidence-head">
      <h3 className="call-name">{step.count > 1 ? `${name} and ${step.count - 1} more` : name}</h3>
      <p>
        by <code>{event.actor.name}</code>
        {event.actor.pid !== undefined && (
          <>
            , pid <code>{event.actor.pid}</code>
          </>
        )}
        {event.actor.version && `, version ${event.actor.version}`}
      </p>
      <p className="quiet-text">
        at {instant(step.at)}
        {step.durationMs !== undefined && `, took ${duration(step.durationMs)}`}
      </p>
    </header>
  );
}

/** What went wrong, why, and what to do. */
export function FailureNote({ failure }: { failure: { error: string; message?: string; remedy?: string } }) {
  return (
    <div className="failure-note">
      <strong>Failed: {failure.error}</strong>
      {failure.message && <p>{failure.message}</p>}
      {failure.remedy && <p>What to do: {failure.remedy}</p>}
    </div>
  );
}

function Said({ step }: { step: ToldStep }) {
  const asked = shownFields(step.event.data);
  const before = new Map(asked.map((field) => [field.name, field.value]));
  const answered = shownFields(step.end?.data ?? {}).filter(
    (field) => before.get(field.name) !== field.value,
  );
  if (asked.length + answered.length === 0) return null;
  return (
    <section>
      <h3>The call</h3>
      <dl className="fields">
        {asked.map((field) => (
          <Field key={field.name} {...field} />
        ))}
      </dl>
      {answered.length > 0 && (
        <>
          <h3>What came back</h3>
          <dl className="fields">
            {answered.map((field) => (
              <Field key={field.name} {...field} />
            ))}
          </dl>
        </>
      )}
    </section>
  );
}

function Field({ name, value, mono }: { name: string; value: string; mono: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={mono ? 'mono' : undefined}>{value}</dd>
    </div>
  );
}

function Changes({ facts }: { facts: readonly TraceEvent[] }) {
  if (facts.length === 0) return null;
  return (
    <section>
      <h3>Before and after</h3>
      <dl className="fields">
        {facts.map(changeOf).map((change) => (
          <div key={change.seq}>
            <dt>{change.what}</dt>
            <dd className="mono">
              {change.before && (
                <>
                  <span className="before">{change.before}</span> → <span className="sr-only">becomes </span>
                </>
              )}
              {change.after}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const MOST_EFFECTS = 8;

function Why(props: {
  step: ToldStep;
  call: Call | undefined;
  state: ChainState;
  onSpan: (span: string) => void;
}) {
  const { step, call, state } = props;
  const above = (call ? causesOf(state, call) : causesOfStep(step, state)).filter((cause) => cause.span);
  const below = step.span ? effectsOf(step.span, state) : [];
  if (above.length + below.length === 0) return null;
  return (
    <section>
      <h3>Why</h3>
      <ol className="causes" aria-label="Caused by, from the outermost inwards">
        {above.toReversed().map((cause) => (
          <Cause key={cause.key} call={cause} onSpan={props.onSpan} />
        ))}
        <li className="here">this step</li>
      </ol>
      {below.length > 0 && (
        <ul className="causes below" aria-label="Made happen">
          {below.slice(0, MOST_EFFECTS).map((effect) => (
            <Cause key={effect.key} call={effect} onSpan={props.onSpan} />
          ))}
          {below.length > MOST_EFFECTS && (
            <li className="quiet-text">and {below.length - MOST_EFFECTS} more</li>
          )}
        </ul>
      )}
    </section>
  );
}

function Cause({ call, onSpan }: { call: Call; onSpan: (span: string) => void }) {
  const { span } = call;
  return (
    <li>
      {span ? (
        <button type="button" className="link mono" onClick={() => onSpan(span)}>
          {call.name}
        </button>
      ) : (
        <span className="mono">{call.name}</span>
      )}
    </li>
  );
}

/** A moment has no span of its own: its causes are named in the event. */
function causesOfStep(step: ToldStep, state: ChainState): Call[] {
  const nearest = step.event.cause?.map((span) => callOf(state, span)).find((known) => known);
  return nearest ? [nearest, ...causesOf(state, nearest)] : [];
}

function effectsOf(span: string, state: ChainState): Call[] {
  return [...state.calls].filter((call) => call.cause[0] === span && call.level !== 'syscalls');
}
