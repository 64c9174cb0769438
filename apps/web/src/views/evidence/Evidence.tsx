import { type Call, type ChainState, callName, callOf, causesOf, type ToldStep } from '@underdock/chain';
import type { Reference } from '@underdock/draw';
import { storyOf } from '@underdock/story';
import type { TraceEvent } from '@underdock/trace';
import { changeOf } from './change.ts';
import { RawEvidence } from './RawEvidence.tsx';
import { TryIt } from './TryIt.tsx';
import { breakable, duration, failureWords, instant, type ShownField, shownFields } from './values.ts';

/** What lies behind the chosen step: who did what, how it is known, why it happened and what it changed. */
export function Evidence(props: {
  step: ToldStep | undefined;
  /** State at the moment that is shown. */
  state: ChainState | undefined;
  /** State at the end of what is known: what a run wrote down at its end can be copied at any moment of it. */
  last: ChainState | undefined;
  onPick: (ref: Reference) => void;
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
      {step.event.type !== 'fact' && <Said step={step} />}
      <Members step={step} onPick={props.onPick} />
      <Changes facts={factsOf(step)} isFact={step.event.type === 'fact'} />
      <Why step={step} call={call} state={state} onSpan={(span) => props.onPick({ span })} />
      <RawEvidence events={[step.event, ...(step.end ? [step.end] : [])]} facts={step.facts} />
      <TryIt step={step} state={state} last={props.last ?? state} />
    </div>
  );
}

function Heading({ step, call }: { step: ToldStep; call: Call | undefined }) {
  const { event } = step;
  return (
    <header className="evidence-head">
      {event.type === 'fact' ? (
        <h3 className="fact-name">{storyOf(step.step)?.title ?? callName(step.step, event.data)}</h3>
      ) : (
        <h3 className="call-name">
          {event.type === 'log' ? nameOfStep(step) : (call?.name ?? nameOfStep(step))}
        </h3>
      )}
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
      <strong>Failed: {failureWords(failure.error)}</strong>
      {failure.message && <p>{failure.message}</p>}
      {failure.remedy && <p>What to do: {failure.remedy}</p>}
    </div>
  );
}

function nameOfStep(step: ToldStep): string {
  return callName(step.step, { ...step.event.data, ...step.end?.data });
}

function Said({ step }: { step: ToldStep }) {
  const { data, type } = step.event;
  // What a program notes is its message; what fails tells its message as a failure.
  const note = type === 'log' && !step.failure && data.message ? { says: data.message } : {};
  const asked = shownFields({ ...note, ...data });
  const before = new Map(asked.map((field) => [field.name, field.value]));
  const answered = shownFields(step.end?.data ?? {}).filter(
    (field) => before.get(field.name) !== field.value,
  );
  return (
    <>
      <Fields title="The call" fields={asked} />
      <Fields title="What came back" fields={answered} />
    </>
  );
}

function Fields({ title, fields }: { title: string; fields: readonly ShownField[] }) {
  if (fields.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <dl className="fields">
        {fields.map(({ name, value, mono }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className={mono ? 'mono' : undefined}>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const MOST_MEMBERS = 60;

/** What a counted bundle is made of, one by one. */
function Members({ step, onPick }: { step: ToldStep; onPick: (ref: Reference) => void }) {
  if (step.count < 2 || step.event.type === 'fact') return null;
  return (
    <details className="members">
      <summary>All {step.count}, one by one</summary>
      <ol>
        {[...step.members].slice(0, MOST_MEMBERS).map((member) => (
          <li key={member.key}>
            <button
              type="button"
              className="link mono"
              onClick={() => onPick(member.span ? { span: member.span } : { seq: member.event.seq })}
            >
              {nameOfStep(member)}
            </button>
          </li>
        ))}
        {step.count > MOST_MEMBERS && <li>and {step.count - MOST_MEMBERS} more at the level of syscalls</li>}
      </ol>
    </details>
  );
}

/** The facts that a step brought, or that it is itself. */
function factsOf(step: ToldStep): readonly TraceEvent[] {
  if (step.event.type !== 'fact') return step.facts;
  const own = step.count > 1 ? [...step.members].map((member) => member.event) : [step.event];
  return [...own, ...step.facts];
}

function Changes({ facts, isFact }: { facts: readonly TraceEvent[]; isFact: boolean }) {
  if (facts.length === 0) return null;
  return (
    <section>
      <h3>{isFact ? 'What was found' : 'Before and after'}</h3>
      <dl className="fields">
        {newestOf(facts)
          .map(changeOf)
          .map((change) => (
            <div key={change.seq}>
              <dt>{breakable(change.what)}</dt>
              <dd className="mono">
                {change.before && (
                  <>
                    <span className="before">{change.before}</span> →{' '}
                    <span className="sr-only">becomes </span>
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

/** A value that is read again and again stands here once, as it was last. */
function newestOf(facts: readonly TraceEvent[]): TraceEvent[] {
  const byName = new Map(
    facts.map((fact) => [fact.step === 'kernel/has-cgroup-value' ? fact.data.file : fact.seq, fact]),
  );
  return [...byName.values()];
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
