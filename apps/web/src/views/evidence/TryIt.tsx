import type { ChainState, ToldStep } from '@underdock/chain';
import { explain } from '@underdock/story';
import { CopyButton } from '../CopyButton.tsx';
import { quoteWord } from '../runForm/commandLine.ts';

/** Commands with which the reader can see for themselves, the script that does all of it by hand, and where to read on. */
export function TryIt({ step, state, last }: { step: ToldStep; state: ChainState; last: ChainState }) {
  const explained = explain(step.end ?? step.event, state);
  const commands = commandsFor(step, explained?.tryIt ?? []);
  const script = step.layer === 'low-level' ? scriptOf(last) : undefined;
  return (
    <>
      {(commands.length > 0 || script) && (
        <section>
          <h3>Try it on this host, while the container lives</h3>
          {commands.map((command) => (
            <div className="command-box" key={command}>
              <code>{command}</code>
              <CopyButton text={command} />
            </div>
          ))}
          {script && (
            <div>
              <CopyButton text={script} label="Copy it all as one shell script" />
            </div>
          )}
        </section>
      )}
      {explained && explained.see.length > 0 && (
        <section>
          <h3>Read on</h3>
          <ul>
            {explained.see.map((one) => (
              <li key={one.href}>
                <a href={one.href} target="_blank" rel="noreferrer noopener">
                  {one.title}
                </a>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** What does the same is shown whole, so that it can be typed; sentences may have it shortened. */
function commandsFor(step: ToldStep, told: readonly string[]): string[] {
  const own = ownCommand(step);
  const others = told.filter((command) => !command.endsWith('…') && command !== own);
  return own ? [own, ...others] : others;
}

/** The command of another client that does the same as this call, or the low-level part's own. */
function ownCommand({ layer, event }: ToldStep): string | undefined {
  const { argv, text, equivalent, typed = equivalent } = event.data;
  if (typeof typed === 'string') return typed;
  if (layer !== 'low-level') return undefined;
  if (typeof text === 'string') return text;
  return Array.isArray(argv) ? argv.map((word) => quoteWord(String(word))).join(' ') : undefined;
}

/** The shell script that makes and runs the same container, where the runtime of this run could write one. */
function scriptOf(state: ChainState): string | undefined {
  for (const call of state.calls) {
    if (call.step === 'low-level/create' && typeof call.data.script === 'string') return call.data.script;
  }
  return undefined;
}
