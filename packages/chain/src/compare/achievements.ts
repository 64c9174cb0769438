import { rpcMethod } from '../callName.ts';
import { text, words } from '../fields.ts';
import type { Call } from '../state.ts';
import type { Achievement } from './types.ts';

type Rule = (call: Call) => Achievement | undefined;

/** What a step achieves by its own name; a step that is not here achieves what the act achieves that caused it. */
const STEP_RULES: Readonly<Record<string, Achievement>> = {
  'client/run': 'ordered',
  'client/command': 'ordered',
  'client/check-config': 'ordered',
  'engine/build-step': 'image',
  'engine/create-container': 'ordered',
  'engine/start-container': 'ordered',
  'engine/hold': 'ordered',
  'engine/limit-pod': 'limits',
  'engine/stop-container': 'cleanup',
  'engine/kill-container': 'cleanup',
  'engine/remove-container': 'cleanup',
  'high-level/resolve-image': 'image',
  'high-level/fetch-manifest': 'image',
  'high-level/fetch-config': 'image',
  'high-level/fetch-layer': 'image',
  'high-level/verify-layer': 'image',
  'high-level/unpack-layer': 'filesystem',
  'high-level/prepare-snapshot': 'filesystem',
  'high-level/write-config': 'ordered',
  'high-level/create-container': 'ordered',
  'high-level/create-task': 'ordered',
  'high-level/run-sandbox': 'sandbox',
  'high-level/stop-sandbox': 'cleanup',
  'high-level/remove-sandbox': 'cleanup',
  'high-level/start-container': 'process',
  'high-level/stop-container': 'cleanup',
  'high-level/remove-container': 'cleanup',
  'high-level/start-task': 'process',
  'high-level/delete-task': 'cleanup',
  'high-level/remove-snapshot': 'cleanup',
  'low-level/create': 'isolation',
  'low-level/run': 'isolation',
  'low-level/start': 'process',
  'low-level/exec': 'process',
  'low-level/kill': 'cleanup',
  'low-level/delete': 'cleanup',
};

/** System calls that isolate, wherever a runtime makes them. */
const ISOLATES: ReadonlySet<string> = new Set([
  'kernel/unshare',
  'kernel/setns',
  'kernel/sethostname',
  'kernel/pivot-root',
  'kernel/chroot',
  'kernel/capset',
  'kernel/drop-bounding',
  'kernel/no-new-privs',
  'kernel/setuid',
  'kernel/setgid',
  'kernel/setgroups',
]);
const LIMITS: ReadonlySet<string> = new Set([
  'kernel/cgroup-mkdir',
  'kernel/cgroup-attach',
  'kernel/cgroup-write',
]);

/** gRPC methods (`Service/Method`) by what they are asked for, first match; others serve whatever asked for them. */
const METHOD_RULES: readonly (readonly [RegExp, Achievement])[] = [
  [/\/(RunPodSandbox|PodSandboxStatus|ListPodSandbox)$/, 'sandbox'],
  [/\/(Stop|Remove)PodSandbox$/, 'cleanup'],
  [/^(Content|Images|ImageService|Transfer)\//, 'image'],
  [/^Snapshots\/(Remove|Cleanup)$/, 'cleanup'],
  [/^(Diff|Snapshots)\//, 'filesystem'],
  [/^(Containers|Tasks|Task)\/(Delete|Kill|Shutdown)|\/(StopContainer|RemoveContainer)$/, 'cleanup'],
  [/^(Containers|Tasks|Task)\/Create$|\/CreateContainer$/, 'ordered'],
  [/^(Tasks|Task)\/(Start|Wait|Exec)|\/(StartContainer|Exec|ExecSync|Attach)$/, 'process'],
];

/** Docker's HTTP paths, without the version in front. */
const PATH_RULES: readonly (readonly [RegExp, Achievement])[] = [
  [/^\w+ \/images\//, 'image'],
  [/^(DELETE \/containers\/|POST \/containers\/[^/]+\/(stop|kill)$)/, 'cleanup'],
  [/^POST \/containers\/(create|[^/]+\/start)$/, 'ordered'],
  [/^POST \/containers\/[^/]+\/(wait|attach|resize)$/, 'process'],
  [/^POST \/(containers\/[^/]+\/)?exec/, 'process'],
];

const byRequest: Rule = ({ data }) => {
  const method = text(data, 'method');
  if (method === undefined) return undefined;
  const path = text(data, 'path');
  const [rules, name] = path?.startsWith('/')
    ? [PATH_RULES, `${method} ${path.replace(/^\/v\d+(\.\d+)*(?=\/)/, '')}`]
    : [METHOD_RULES, rpcMethod(text(data, 'service') ? `${text(data, 'service')}/${method}` : method)];
  return rules.find(([like]) => like.test(name))?.[1];
};

/** Commands of by-hand that touch cgroups alone, told by the folder that they name. */
const byCommand: Rule = ({ data }) => {
  const command = text(data, 'text') ?? words(data, 'argv').join(' ');
  return /^(mkdir -p|echo [^;&]*>) *\/sys\/fs\/cgroup\//.test(command) ? 'limits' : undefined;
};

/** What an act achieves by itself; undefined for one that serves whatever asked for it. */
export function ownAchievement(call: Call): Achievement | undefined {
  const { step, data } = call;
  if (step === 'high-level/start-shim')
    return words(data, 'argv').at(-1) === 'delete' ? 'cleanup' : 'ordered';
  const byMethod = call.layer === 'kernel' ? undefined : byRequest(call);
  if (byMethod) return byMethod;
  if (Object.hasOwn(STEP_RULES, step)) return STEP_RULES[step];
  if (step === 'low-level/command') return byCommand(call);
  if (step === 'kernel/cgroup-rmdir') return 'cleanup';
  if (LIMITS.has(step)) return 'limits';
  if (step === 'kernel/mount' && text(data, 'fstype') === 'overlay') return 'filesystem';
  if (ISOLATES.has(step)) return 'isolation';
  if (step === 'kernel/seccomp') return data.probe === true ? undefined : 'isolation';
  const makesNamespaces = step === 'kernel/clone' && words(data, 'namespaces').length > 0;
  return makesNamespaces ? 'isolation' : undefined;
}

/** What is done while these go on is theirs, whatever it is: nobody sets limits by taking a container apart. */
export const ALL_THEIRS: ReadonlySet<Achievement> = new Set(['cleanup', 'sandbox']);
