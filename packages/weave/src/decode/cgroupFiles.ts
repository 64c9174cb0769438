type Meaning = 'memory' | 'cpu' | 'pids' | 'devices' | 'other';

/** What a cgroup file says about a container's limits. */
export interface CgroupValue {
  name: string;
  value: string;
  controller: string;
  meaning: Meaning;
  /** Bytes, cpus or a count; null = unlimited; absent when the file does not hold a limit of that kind. */
  number?: number | null;
}

// cgroup v1 says "no limit" with the largest multiple of the page size.
const V1_UNLIMITED = 0x7ffffffffffff000;

const MEMORY = new Set([
  'memory.max',
  'memory.high',
  'memory.swap.max',
  'memory.limit_in_bytes',
  'memory.memsw.limit_in_bytes',
  'memory.soft_limit_in_bytes',
  'memory.kmem.limit_in_bytes',
]);
// Files that command rather than hold a value; writes to them are acts, no facts.
const COMMANDS =
  /^(cgroup\.(procs|threads|subtree_control|kill|freeze|type|clone_children|event_control)|tasks|freezer\.state|release_agent|notify_on_release|memory\.(force_empty|reclaim)|devices\.(allow|deny))$/;

/** What a value in a cgroup file means; undefined for files that hold no setting (`cgroup.procs`). */
export function cgroupValue(name: string, text: string): CgroupValue | undefined {
  if (COMMANDS.test(name)) return undefined;
  const value = text.trim();
  const [controller = 'other'] = name.split('.', 1);
  const base = { name, value, controller };
  if (MEMORY.has(name)) return { ...base, meaning: 'memory', number: limit(value) };
  if (name === 'pids.max') return { ...base, meaning: 'pids', number: limit(value) };
  if (name === 'cpu.max') return { ...base, meaning: 'cpu', number: cpusOf(value) };
  // A quota alone is no number of cpus: the period is in another file.
  if (controller === 'cpu') return { ...base, meaning: 'cpu' };
  if (controller === 'memory' || controller === 'pids') return { ...base, meaning: controller };
  return { ...base, meaning: 'other' };
}

function limit(value: string): number | null {
  if (value === 'max' || value === '-1') return null;
  const number = Number(value);
  return number >= V1_UNLIMITED ? null : number;
}

// cpu.max: "QUOTA PERIOD" in microseconds, the period 100000 when absent
function cpusOf(value: string): number | null {
  const [quota, period = '100000'] = value.split(/\s+/);
  return quota === undefined || quota === 'max' ? null : Number(quota) / Number(period);
}
