import type { StoryTable } from './shape.ts';

const CRI = {
  title: 'Kubernetes: Container Runtime Interface',
  href: 'https://kubernetes.io/docs/concepts/containers/cri/',
};
const PODS = { title: 'Kubernetes: pods', href: 'https://kubernetes.io/docs/concepts/workloads/pods/' };
const CRICTL = {
  title: 'crictl',
  href: 'https://kubernetes.io/docs/tasks/debug/debug-cluster/crictl/',
};
const LIMITS = {
  title: 'Kubernetes: process id limits',
  href: 'https://kubernetes.io/docs/concepts/policy/pid-limiting/',
};

/** What a kubelet, or underdock in its place, and a container runtime say to each other. */
export const CRI_STORIES: StoryTable = {
  'engine/call': {
    title: 'Speak the CRI',
    does: ['{actor} asks the container runtime: {method|rpc}', '{actor} asks the container runtime'],
    answers: ['The container runtime has answered {method|rpc}', 'The answer has come'],
    many: ['{actor} asks the container runtime {count} times'],
    failed: [
      'The container runtime says no to {method|rpc}: {message|gist}',
      'The container runtime says no: {error}',
    ],
    why: 'A kubelet doesn’t know how to run containers. It speaks one protocol, the Container Runtime Interface, and containerd and CRI-O both understand it: gRPC over a socket, two services, a few dozen methods. With kubectl, the command goes to the API server, a scheduler picks a node, and the kubelet there makes these calls. Here is neither: underdock makes them itself, in the kubelet’s place.',
    tryIt: ['{equivalent}'],
    see: [CRI, CRICTL],
    terms: ['engine'],
  },
  'engine/limit-pod': {
    title: 'Limit the whole pod',
    does: [
      'The pod’s cgroup gets {name} {value}: {path|tail}',
      'The pod’s cgroup gets a limit for all its processes',
    ],
    answers: ['The limit of the pod is written', 'The limit is written'],
    failed: ['The limit of the pod can’t be written: {message|gist}', 'The limit can’t be written: {error}'],
    why: 'The CRI has no field for the number of processes. A kubelet makes a cgroup for the whole pod and writes the limit there; the cgroups of its containers lie below, and no child may have more than its parent. The pause process counts too.',
    see: [LIMITS],
    terms: ['cgroup'],
  },
  'high-level/run-sandbox': {
    title: 'Make the pod',
    does: [
      '{actor} is asked for a pod[ named {name}]: {method|rpc}',
      '{actor} is asked for a pod: RunPodSandbox',
    ],
    answers: ['The pod {id|short} is there; only its pause process runs in it', 'The pod is there'],
    failed: ['The pod can’t be made: {message|gist}', 'The pod can’t be made: {error}'],
    why: 'Before any container there is the pod’s sandbox: one small container that does nothing. It holds the namespaces that all containers of the pod share, so that they stay when a container dies and is started anew. Its process is called pause.',
    tryIt: ['{equivalent}', 'crictl pods'],
    see: [PODS, CRI],
    terms: ['namespace', 'container'],
  },
  'high-level/has-sandbox': {
    title: 'The pod’s sandbox',
    does: [
      'The pod {id|short} is {state}: pause is process {pid}, its address {ip}, and containers share its {shares|list}',
      'The pod {id|short} is {state}: pause is process {pid}, and containers share its {shares|list}',
      'The pod {id|short} is {state}',
      'The pod’s state changes',
    ],
    gone: ['The pod {id|short} is gone', 'The pod is gone'],
    why: 'The pause process sleeps for as long as the pod lives. The containers of the pod do not get network, IPC and host name of their own: they join those of the pause process. Two containers of a pod reach each other at localhost for that reason.',
    tryIt: ['lsns -p {pid}', 'ls -l /proc/{pid}/ns'],
    see: [PODS],
    terms: ['namespace', 'pid'],
  },
  'high-level/start-container': {
    title: 'Start it in the pod',
    does: [
      '{actor} is asked to start the container {id|short}: {method|rpc}',
      '{actor} is asked to start the container',
    ],
    answers: ['The container {id|short} runs in its pod', 'The container runs in its pod'],
    failed: ['The container can’t be started: {message|gist}', 'The container can’t be started: {error}'],
    why: 'The kubelet knows nothing of bundles, shims and runc: it says StartContainer, and the runtime does the rest. containerd makes the task only now; CRI-O has made the process at create, and lets it go now.',
    tryIt: ['{equivalent}'],
    see: [CRI],
    terms: ['task', 'container'],
  },
  'high-level/stop-container': {
    title: 'Stop it',
    does: [
      '{actor} is asked to stop the container[, and to kill it after {timeout} s]: {method|rpc}',
      '{actor} is asked to stop the container',
    ],
    answers: ['The container has ended'],
    failed: ['The container can’t be stopped: {message|gist}', 'The container can’t be stopped: {error}'],
    why: 'The CRI knows one way to stop: the polite signal that the image names, SIGTERM in most, and SIGKILL when the time of grace is over.',
    tryIt: ['{equivalent}'],
    see: [CRI],
    terms: ['signal'],
  },
  'high-level/remove-container': {
    title: 'Remove it from the pod',
    does: ['{actor} is asked to remove the container {id|short}', '{actor} is asked to remove the container'],
    answers: ['Nothing of the container is left in the pod'],
    failed: ['The container can’t be removed: {message|gist}', 'The container can’t be removed: {error}'],
    why: 'The container goes, the pod stays: its pause process still runs, and another container could be started in the same namespaces.',
    tryIt: ['{equivalent}'],
    see: [CRI],
    terms: ['container'],
  },
  'high-level/stop-sandbox': {
    title: 'End the pod',
    does: ['{actor} is asked to end the pod {id|short}', '{actor} is asked to end the pod'],
    answers: ['The pause process has ended, and the pod’s network is taken apart'],
    failed: ['The pod can’t be ended: {message|gist}', 'The pod can’t be ended: {error}'],
    why: 'The pause process is killed. With the last process the shared namespaces go; what a network plugin has made is given back first.',
    tryIt: ['{equivalent}'],
    see: [PODS],
    terms: ['namespace'],
  },
  'high-level/remove-sandbox': {
    title: 'Remove the pod',
    does: [
      '{actor} is asked to remove what is left of the pod {id|short}',
      '{actor} is asked to remove the pod',
    ],
    answers: ['Nothing of the pod is left'],
    failed: ['The pod can’t be removed: {message|gist}', 'The pod can’t be removed: {error}'],
    why: 'The runtime forgets the pod: its note, its folder, the snapshot of its pause container. A kubelet does this some time later, when it clears up.',
    tryIt: ['{equivalent}'],
    see: [PODS],
    terms: ['snapshot'],
  },
};
