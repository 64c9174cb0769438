import type { DoctorReport } from '@underdock/trace';
import { Cards } from './Cards.tsx';
import { Dive } from './Dive.tsx';
import { GalleryDoor } from './gallery/GalleryDoor.tsx';
import { isLimit } from './hostWords.ts';
import { OpenButton } from './OpenButton.tsx';
import { useLink } from './page.ts';
import { Refused } from './Refused.tsx';
import { readCommand, requestOf } from './runForm/commandLine.ts';
import { EXAMPLE } from './runForm/options.ts';
import type { Start } from './useStart.ts';
import type { Watch } from './useWatch.ts';
import { Watching } from './Watching.tsx';

/** Nothing run yet: the dive explains itself, and one button starts the first run. */
export function EmptyPage(props: {
  role: 'drive' | 'watch' | undefined;
  doctor: DoctorReport | undefined;
  first: Start;
  watch: Watch;
  onWatch: (on: boolean) => void;
  /** How many runs there are to go back to. */
  others: number;
  onOptions: () => void;
}) {
  const isAlone = useLink().state === 'none';
  return (
    <Cards
      story={<First {...props} />}
      dive={
        <Dive
          state={undefined}
          actors={[]}
          level="story"
          selectedSpan={undefined}
          scale={1}
          onPick={() => {}}
        />
      }
      evidence={isAlone ? <HowToRead /> : <Limits doctor={props.doctor} />}
    />
  );
}

type EmptyPageProps = Parameters<typeof EmptyPage>[0];

function First(props: EmptyPageProps) {
  const { state } = useLink();
  if (state === 'none') return <OpenFirst />;
  return props.watch.on ? <Watching others={props.others} /> : <Beginning {...props} />;
}

/** On a page without an agent there are recordings to be read, and nothing to be run. */
function OpenFirst() {
  return (
    <div className="beginning">
      <h2>A command dives</h2>
      <p>
        Running a container looks like one act. It is a relay: a client asks an engine, the engine prepares an
        image, a runtime asks the kernel, and in the end there is a process.
      </p>
      <p>
        This page reads recordings of real runs. Each arrow is something that was seen to happen; a click
        shows the proof.
      </p>
      <div className="form-actions">
        <OpenButton primary />
      </div>
      <p className="quiet-text">
        Or drop a file on this page: its name ends in .chain or .chain.gz. It is read here and sent nowhere.
      </p>
    </div>
  );
}

function HowToRead() {
  return (
    <div className="evidence">
      <h3>Where recordings come from</h3>
      <p>
        On a Linux machine <code>underdock run --record FILE.chain.gz IMAGE</code> records what it runs, and{' '}
        <code>underdock watch --record FOLDER</code> what others start.
      </p>
      <p>
        An address opens one too: <code>?trace=ADDRESS</code> behind that of this page.
      </p>
    </div>
  );
}

function Beginning(props: {
  role: 'drive' | 'watch' | undefined;
  first: Start;
  watch: Watch;
  onWatch: (on: boolean) => void;
  onOptions: () => void;
}) {
  return (
    <div className="beginning">
      <h2>A command dives</h2>
      <p>
        Running a container looks like one act. It is a relay: a client asks an engine, the engine prepares an
        image, a runtime asks the kernel, and in the end there is a process.
      </p>
      <p>Here it runs for real. Each arrow is something that was seen to happen; a click shows the proof.</p>
      {props.role === 'drive' && (
        <>
          <div className="command-box">
            <code>{EXAMPLE}</code>
          </div>
          <div className="form-actions">
            <button
              type="button"
              className="primary"
              disabled={props.first.busy}
              onClick={() => void props.first.start(requestOf(readCommand(EXAMPLE).draft).request)}
            >
              {props.first.busy ? 'Starting …' : 'Run it'}
            </button>
            <button type="button" className="quiet" onClick={props.onOptions}>
              Change it first
            </button>
          </div>
          <Refused refused={props.first.refused} />
          <WatchInstead {...props} />
        </>
      )}
      <GalleryDoor words="Or read runs that were recorded elsewhere" />
      {props.role === 'watch' && (
        <p>Your link may look, not drive: what somebody starts shows up in the list of runs.</p>
      )}
    </div>
  );
}

function WatchInstead({ watch, onWatch }: { watch: Watch; onWatch: (on: boolean) => void }) {
  return (
    <button type="button" className="link" disabled={watch.busy} onClick={() => onWatch(true)}>
      Or watch what is typed on this host
    </button>
  );
}

/** What this host can't do, said before anything is run. */
function Limits({ doctor }: { doctor: DoctorReport | undefined }) {
  if (!doctor) return <p className="quiet-text">Looking at this host …</p>;
  const limits = doctor.checks.filter(isLimit);
  return (
    <div className="evidence">
      <h3>This host</h3>
      <p>
        {doctor.host.os}, kernel {doctor.host.kernel}, cgroups {doctor.host.cgroup},{' '}
        {doctor.host.root ? 'root' : 'an ordinary user'}.
      </p>
      <p>Builds containers with {doctor.can.runtimes.join(', ') || 'nothing yet'}.</p>
      <p>Watches with {doctor.can.watch.join(', ') || 'nothing yet'}.</p>
      {limits.length > 0 && <h3>What is limited here</h3>}
      <ul className="checks">
        {limits.map((check) => (
          <li key={check.name} className={`check is-${check.state}`}>
            <span className="check-state">{check.state}</span>
            <div>
              <strong>{check.name}</strong>
              <p>{check.effect ?? check.found}</p>
              {check.remedy && <p className="remedy">{check.remedy}</p>}
            </div>
          </li>
        ))}
      </ul>
    </div>
  );
}
