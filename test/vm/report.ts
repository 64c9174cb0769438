import { z } from 'zod';
import type { Testimony } from '../live/witness.ts';

/** Who runs the container: root, a user whose cgroup was delegated (from a leaf in it, or sitting in it), a user without. */
export type Who = 'root' | 'delegated' | 'delegated-in-place' | 'undelegated';

/** One thing that is done inside the machine; both sides know the list. */
export interface Scenario {
  name: string;
  who: Who;
  /** A plain runtime on a plain bundle, to tell a broken machine from a broken house, or the house's own command line. */
  kind: 'machine' | 'chain';
  runtime: 'runc' | 'crun' | 'by-hand' | 'bpftrace';
  /** What the container does: waits for a line of input, so that it can be looked at, or eats memory until it is killed. */
  does: 'waits' | 'eats';
  limits: boolean;
  /** Carried out by an agent that runs already, so that bpftrace need not start again; else by one for this run alone. */
  agent: boolean;
  /** An independent witness of the kernel watches too. */
  witnessed: boolean;
}

const chain = (who: Who, runtime: Scenario['runtime'], extra: Partial<Scenario> = {}): Scenario => ({
  name: `${who} ${runtime}`,
  who,
  kind: 'chain',
  runtime,
  does: 'waits',
  limits: true,
  agent: who === 'root',
  witnessed: who === 'root',
  ...extra,
});
const machine = (who: Who, runtime: Scenario['runtime']): Scenario => ({
  ...chain(who, runtime),
  name: `machine ${who} ${runtime}`,
  kind: 'machine',
  agent: false,
  witnessed: false,
});

/** Everything that is tried, in this order. */
export const SCENARIOS: Scenario[] = [
  machine('root', 'bpftrace'),
  machine('root', 'runc'),
  machine('root', 'crun'),
  machine('delegated', 'runc'),
  machine('delegated', 'crun'),
  chain('root', 'runc', { agent: false }),
  chain('root', 'crun'),
  chain('root', 'by-hand'),
  chain('root', 'runc', { name: 'root runc out of memory', does: 'eats', witnessed: false }),
  chain('root', 'crun', { name: 'root crun default limits', limits: false, witnessed: false }),
  chain('delegated', 'runc'),
  chain('delegated', 'crun'),
  chain('delegated', 'by-hand'),
  chain('delegated-in-place', 'runc'),
  chain('undelegated', 'runc'),
  chain('undelegated', 'crun'),
  chain('undelegated', 'by-hand'),
];

/** The limits that are asked for, as flags and as the kernel must then show them (cgroup-v2.rst). */
export const ASKED = {
  flags: ['--memory', '64m', '--cpus', '0.5', '--pids-limit', '32'],
  files: { 'memory.max': '67108864', 'cpu.max': '50000 100000', 'pids.max': '32' },
  oci: {
    memory: { limit: 67_108_864 },
    cpu: { quota: 50_000, period: 100_000 },
    pids: { limit: 32 },
  },
};

/** A line that the guest sends: the machine is up, a scenario is done, or everything is. */
export const reportSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('up'),
    kernel: z.string(),
    controllers: z.string(),
    uptimeMs: z.number(),
    mounts: z.array(z.string()),
  }),
  z.object({
    kind: z.literal('outcome'),
    scenario: z.string(),
    exitCode: z.number().nullable(),
    stdout: z.string(),
    stderr: z.string(),
    ms: z.number(),
    /** The waiting container seen from outside: its cgroup and what its files say. */
    seen: z
      .object({
        cgroup: z.string(),
        files: z.record(z.string(), z.string()),
        status: z.record(z.string(), z.string()),
      })
      .optional(),
    /** Mounts and cgroups that were not there before. */
    left: z.array(z.string()),
    trace: z.string().optional(),
    /** What a second bpftrace saw on the whole machine meanwhile (test/live/witness.ts). */
    testimony: z.custom<Testimony>((value) => typeof value === 'object' && value !== null).optional(),
  }),
  z.object({ kind: z.literal('end') }),
]);

/** What the guest sends, one JSON line each. */
export type Report = z.infer<typeof reportSchema>;
export type Outcome = Extract<Report, { kind: 'outcome' }>;
