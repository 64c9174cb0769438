import { decodeTrace, type TraceEvent, type TraceHeader, verifyTrace } from '@underdock/trace';
import { actsOfTrace, actsOfWitness, compareActs, lineageOf } from '../live/witness.ts';
import { ASKED, type Outcome, type Scenario } from './report.ts';

/** One thing that was to be so; `fault` says how it is instead. */
export interface Check {
  name: string;
  fault?: string;
}

interface Trace {
  header: TraceHeader;
  events: TraceEvent[];
}

const DEFAULTS = { 'memory.max': String(512 * 1024 * 1024), 'pids.max': '256' };

/** The steps of issue and design that every run on the embedded road must hold, whoever runs it. */
const ALWAYS = [
  'client/run',
  'engine/create-container',
  'engine/start-container',
  'high-level/resolve-image',
  'high-level/has-layer',
  'high-level/prepare-snapshot',
  'high-level/write-config',
  'low-level/create',
  'low-level/start',
  'low-level/delete',
  'kernel/has-namespace',
  'process/has-process',
];
/** What the kernel's watcher must have seen besides: these are system calls of any runtime as root on cgroup v2. */
const SEEN_AS_ROOT = [
  'kernel/clone',
  'kernel/mount',
  'kernel/pivot-root',
  'kernel/sethostname',
  'kernel/cgroup-mkdir',
  'kernel/cgroup-attach',
  'kernel/cgroup-write',
  'kernel/capset',
  'kernel/no-new-privs',
  'kernel/execve',
  'kernel/exit',
];

/** Holds what came of a scenario against what was to come of it. */
export async function judge(scenario: Scenario, outcome: Outcome): Promise<Check[]> {
  if (scenario.runtime === 'bpftrace')
    return [
      is('bpftrace sees a tracepoint fire', outcome.stdout.includes('seen unshare'), last(outcome.stderr)),
    ];
  const killed = scenario.does === 'eats';
  const ran = [
    is(
      killed ? 'ends with 137' : 'runs and ends with 0',
      outcome.exitCode === (killed ? 137 : 0),
      `exit code ${outcome.exitCode}: ${last(outcome.stderr) || last(outcome.stdout)}`,
    ),
    ...(killed
      ? []
      : [is('hands input and output through', outcome.stdout.includes('got on'), last(outcome.stdout))]),
    is('leaves no mount and no cgroup', outcome.left.length === 0, outcome.left.join('; ')),
  ];
  const limits = killed ? [] : limitChecks(scenario, outcome);
  return [...ran, ...limits, ...(scenario.kind === 'chain' ? await traceChecks(scenario, outcome) : [])];
}

/** What memory.max, cpu.max and pids.max say, read from outside the container while it waited. */
function limitChecks(scenario: Scenario, { seen }: Outcome): Check[] {
  if (!seen) return [is('can be looked at while it waits', false, 'no process of the container was found')];
  if (scenario.who === 'undelegated')
    return [is('stays in the cgroup of its user', seen.cgroup.endsWith('/session-1.scope'), seen.cgroup)];
  const wanted = scenario.limits ? ASKED.files : DEFAULTS;
  return Object.entries(wanted).map(([name, value]) =>
    is(
      `${name} is ${value}`,
      seen.files[name] === value,
      `${seen.files[name] ?? 'no such file'} in ${seen.cgroup}`,
    ),
  );
}

async function traceChecks(scenario: Scenario, outcome: Outcome): Promise<Check[]> {
  if (outcome.trace === undefined) return [is('records a trace', false, 'there is no file')];
  const verdict = await verifyTrace([outcome.trace]);
  const faults = verdict.faults.map(({ message }) => message).slice(0, 3);
  const whole = is(
    'records a whole trace',
    verdict.state === 'whole',
    `${verdict.state}: ${faults.join('; ')}`,
  );
  if (verdict.state === 'broken') return [whole];
  const trace = await read(outcome.trace);
  const cached = trace.events.some(
    ({ step, data }) => step === 'high-level/has-layer' && data.cached === true,
  );
  // Layers that an earlier run of the same user has unpacked are not unpacked again.
  const wanted = cached ? ALWAYS : [...ALWAYS, 'high-level/verify-layer', 'high-level/unpack-layer'];
  const missing = wanted.filter((step) => !trace.events.some((event) => event.step === step));
  return [
    whole,
    is('says that cgroups are v2', trace.header.host.cgroup === 'v2', trace.header.host.cgroup),
    is('holds every act of the chain', missing.length === 0, `missing: ${missing.join(', ')}`),
    ...(scenario.who === 'root' ? kernelChecks(scenario, trace) : []),
    ...(scenario.witnessed ? witnessChecks(outcome, trace) : []),
    ...(scenario.does === 'waits' ? factChecks(scenario, outcome, trace) : []),
  ];
}

const ATTACH = 'kernel/cgroup-attach';

/** A process that clone3 puts into its cgroup at birth (crun does that on v2) is never attached to one. */
const bornInside = (events: TraceEvent[]): boolean =>
  events.some(
    ({ step, data }) => step === 'kernel/clone' && String(data.flags).includes('CLONE_INTO_CGROUP'),
  );

function kernelChecks(scenario: Scenario, { header, events }: Trace): Check[] {
  const bpftrace = header.watchers.find(({ name }) => name.includes('bpftrace'));
  const observed = new Set(events.filter(({ grade }) => grade === 'observed').map(({ step }) => step));
  const wanted = scenario.does === 'eats' ? [...SEEN_AS_ROOT, 'kernel/oom-kill'] : SEEN_AS_ROOT;
  const missing = wanted.filter((step) => !observed.has(step) && !(step === ATTACH && bornInside(events)));
  const lost = events.filter(({ step }) => step === 'trace/lost-records');
  return [
    is(
      'is watched with bpftrace',
      bpftrace?.state === 'ok',
      bpftrace?.why ?? 'no such watcher in the header',
    ),
    is('shows the acts of the kernel', missing.length === 0, `missing: ${missing.join(', ')}`),
    is('has lost no record', lost.length === 0, JSON.stringify(lost.map(({ data }) => data))),
  ];
}

/** The trace against what a second bpftrace saw of the same processes; one that lost records does not judge. */
function witnessChecks({ testimony }: Outcome, { events }: Trace): Check[] {
  if (!testimony || testimony.lost > 0)
    return [
      is('has a witness that saw all', false, testimony ? `${testimony.lost} records lost` : 'no witness'),
    ];
  const kernel = events.filter(({ layer, grade }) => layer === 'kernel' && grade === 'observed');
  const actors = [...new Set(kernel.flatMap(({ actor }) => actor.pid ?? []))];
  const seen = actsOfWitness(testimony, lineageOf(actors, testimony.forks));
  const { missing, invented } = compareActs(seen, actsOfTrace(events));
  return [
    is('has a witness that saw all', seen.length > 30, `${seen.length} acts`),
    is('tells all that the witness saw', missing.length === 0, some(missing)),
    is('tells nothing that the witness did not see', invented.length === 0, some(invented)),
  ];
}

const some = (acts: string[]): string => `${acts.length}: ${acts.slice(0, 5).join('; ')}`;

/** The trace against what was read from outside; and where limits are not permitted, that it says so. */
function factChecks(scenario: Scenario, { seen }: Outcome, { events }: Trace): Check[] {
  if (scenario.who === 'undelegated') {
    const absent = events
      .filter(({ step }) => step === 'low-level/absent')
      .map(({ data }) => `${data.what}: ${data.why}`);
    const said = absent.some((text) => /cgroup|limit|memory/i.test(text));
    return [
      is('says that limits are not permitted', said, `low-level/absent: ${absent.join('; ') || 'none'}`),
    ];
  }
  const facts = events.filter(({ step }) => step === 'kernel/has-cgroup-value');
  return Object.entries(scenario.limits ? ASKED.files : DEFAULTS).map(([name]) => {
    const told = facts.find(({ data }) => data.name === name)?.data.value;
    return is(
      `tells the same ${name}`,
      told !== undefined && told === seen?.files[name],
      `told ${told}, read ${seen?.files[name]}`,
    );
  });
}

async function read(text: string): Promise<Trace> {
  const trace: Partial<Trace> & { events: TraceEvent[] } = { events: [] };
  for await (const item of decodeTrace([text])) {
    if (item.kind === 'header') trace.header = item.header;
    if (item.kind === 'event') trace.events.push(item.event);
  }
  return trace as Trace;
}

const is = (name: string, so: boolean, otherwise: string): Check =>
  so ? { name } : { name, fault: otherwise };
const last = (text: string): string => text.trim().split('\n').slice(-4).join(' | ');
