/** Under which heading of the gallery a trace stands, in this order. */
export const GROUPS = ['First steps', 'Ways in', 'When it fails', 'cgroups v1 and v2'] as const;

/** A trace of the gallery: what is shown of it, and how it is recorded. */
export interface GalleryEntry {
  /** Of its file, `NAME.chain.gz`, and in `npm run record-gallery NAME`. */
  name: string;
  group: (typeof GROUPS)[number];
  title: string;
  /** One paragraph: what to look at. */
  look: string;
  /** Where it is recorded: on this very machine, or in the virtual machine of `npm run test:vm`, which has cgroup v2 alone. */
  on: 'host' | 'machine';
  /** Typed before, and not recorded. */
  before?: string;
  /** What is recorded. `underdock run` records itself, any other command is recorded by `underdock record`. */
  command: string;
  /** Typed afterwards, and not recorded. */
  after?: string;
  /** With whom it makes a set to be laid side by side. */
  beside?: readonly string[];
}

/** The image of the gallery’s registry on loopback, brought to the engine and named as one would name it. */
const PULLED = 'docker pull -q localhost:5000/starter && docker tag localhost:5000/starter starter';
const LIMITS = '--memory 64m --cpus 0.5 --pids-limit 32';

const FIRST_STEPS: readonly GalleryEntry[] = [
  {
    name: 'docker-run',
    group: 'First steps',
    title: 'docker run, the image already there',
    look: 'The whole relay from one typed line: the client asks dockerd, dockerd asks containerd, its shim calls runc, and runc asks the kernel. Step through the story once, then look at the times. Most of it goes by below “runc create”, and hardly any of it in the program that was asked for.',
    on: 'host',
    before: PULLED,
    command: 'docker run --rm --memory 64m starter echo hello',
  },
  {
    name: 'docker-pull',
    group: 'First steps',
    title: 'docker run, and the image has to be pulled',
    look: 'Before anything can be isolated there must be files. The engine fetches a manifest and then each layer from the registry, checks its digest and unpacks it. Watch the stack of layers fill, and compare where the time goes with the run above it.',
    on: 'host',
    before: 'docker rmi -f starter localhost:5000/starter; true',
    command: 'underdock run --via docker --memory 64m localhost:5000/starter echo hello',
    beside: ['docker-run'],
  },
  {
    name: 'docker-exec',
    group: 'First steps',
    title: 'docker exec: a second process in the same place',
    look: 'No image, no cgroup, no mount is made. runc joins the namespaces that are already there (setns, at the level “calls”) and becomes the command. Look for what is missing, compared with docker run: that is what a container really consists of.',
    on: 'host',
    before: `${PULLED}; docker run -d --name lamp starter sleep 600`,
    command: 'docker exec lamp hostname',
    after: 'docker rm -f lamp',
  },
  {
    name: 'compose',
    group: 'First steps',
    title: 'Three services of compose',
    look: 'One file, three containers, and an order among them: the store has to be there before the worker and the web server. Choose a container above the picture to follow one of them alone. Each is built by exactly the calls of a single docker run.',
    on: 'host',
    command: 'underdock run --via compose compose.yaml',
  },
  {
    name: 'whiteouts',
    group: 'First steps',
    title: 'An image whose last layer deletes a file',
    look: 'Layers can only add. A file that is gone is therefore marked: the last layer holds a whiteout, which hides /etc/build-notes of the lowest one. Open the step that unpacks it: no file in it, and one whiteout. The bytes of the hidden file are still shipped.',
    on: 'host',
    command: 'underdock run --via embedded --memory 64m localhost:5000/starter ls -l /etc',
  },
];

const WAYS_IN: readonly GalleryEntry[] = [
  {
    name: 'containerd',
    group: 'Ways in',
    title: 'containerd alone, without docker',
    look: 'What dockerd usually asks for, asked directly, as ctr does: content, snapshot, container, task. Each call names the ctr command that does the same. From the shim downwards nothing differs from docker run.',
    on: 'host',
    command: 'underdock run --via containerd --memory 64m starter echo hello',
    beside: ['docker-run'],
  },
  {
    name: 'cri',
    group: 'Ways in',
    title: 'A pod, as a kubelet asks for it',
    look: 'Kubernetes asks for a pod first: a sandbox with a network and a process that only waits (pause). Then the container is put into it. Look for two containers where docker has one, and at which namespaces the second one shares with the first.',
    on: 'host',
    command: 'underdock run --via cri --engine private --memory 64m starter echo hello',
    beside: ['containerd'],
  },
  {
    name: 'oci',
    group: 'Ways in',
    title: 'A bundle and a bare runc',
    look: 'No engine and no containerd: a folder with config.json and a root filesystem is all that a low-level runtime wants. Everything that a person would type for it stands at the top, in the lane of the client.',
    on: 'host',
    command: 'underdock run --via oci --runtime runc --memory 64m starter echo hello',
    beside: ['docker-run'],
  },
  {
    name: 'runc',
    group: 'Ways in',
    title: 'Built by runc',
    look: 'The first of three ways to build the same container. runc is written in Go and cannot change its own namespaces safely, so it starts itself again, twice: watch its name change from runc to runc:[1:CHILD] and runc:[2:INIT].',
    on: 'host',
    command: 'underdock run --via embedded --runtime runc --memory 64m starter echo hello',
    beside: ['crun', 'by-hand'],
  },
  {
    name: 'crun',
    group: 'Ways in',
    title: 'Built by crun',
    look: 'The same container by a runtime that is written in C. It needs no second start of itself: a single clone() makes process and namespaces at once. Lay it beside runc and count the system calls.',
    on: 'host',
    command: 'underdock run --via embedded --runtime crun --memory 64m starter echo hello',
    beside: ['runc', 'by-hand'],
  },
  {
    name: 'by-hand',
    group: 'Ways in',
    title: 'Built by hand',
    look: 'The same container once more, with nothing but commands that you could type: unshare, mount, pivot_root, setpriv. Each step shows its command. What commands cannot do, such as a system call filter, is absent, and the trace says so.',
    on: 'host',
    command: 'underdock run --via embedded --runtime by-hand --memory 64m starter echo hello',
    beside: ['runc', 'crun'],
  },
];

const FAILURES: readonly GalleryEntry[] = [
  {
    name: 'oom',
    group: 'When it fails',
    title: 'Killed for want of memory',
    look: 'The container may have 16 MiB and asks for more with every turn of its loop. Find the limit as it is written into the cgroup, and then the kernel’s own act: it chooses a process and kills it. Nobody in the layers above decided that. They learn of it afterwards, as exit code 137.',
    on: 'host',
    before: PULLED,
    command: "docker run --rm --memory 16m starter sh -c 'x=0123456789abcdef; while :; do x=$x$x; done'",
  },
  {
    name: 'no-such-command',
    group: 'When it fails',
    title: 'No such command in the image',
    look: 'Everything is built, down to the last mount, and only then does it turn out that there is nothing to start. Follow the error upwards: runc says it first, the shim and containerd pass it on, dockerd answers 400, and docker makes exit code 127 of it.',
    on: 'host',
    before: PULLED,
    command: 'docker run --rm starter hallo',
  },
  {
    name: 'read-only',
    group: 'When it fails',
    title: 'Writing to a read-only filesystem',
    look: 'One flag becomes one word in config.json and one more mount at the very end: the root folder is mounted again, read-only. The write then fails in the kernel, whoever asks and whatever rights the file has.',
    on: 'host',
    before: PULLED,
    command: "underdock run --via docker --read-only starter sh -c 'echo changed > /etc/motd'",
  },
  {
    name: 'capability',
    group: 'When it fails',
    title: 'A capability dropped, and the call that fails for it',
    look: 'Root in the container, but without SETUID. Look for the capabilities that are left when the process begins, then choose the level “calls” and look for setuid near the end: the kernel refuses it with EPERM, although it is root who asks.',
    on: 'host',
    before: PULLED,
    command: 'docker run --rm --cap-drop SETUID starter su -s /bin/sh nobody -c id',
  },
  {
    name: 'stop',
    group: 'When it fails',
    title: 'Stop with grace, then kill',
    look: 'docker stop asks politely first: SIGTERM. This process ignores it, as many a process with number 1 does without meaning to. After three seconds of grace the engine sends SIGKILL, which no process can ignore. The gap between the two is most of this trace.',
    on: 'host',
    before: `${PULLED}; docker run -d --name stubborn starter sh -c 'trap "" TERM; while :; do sleep 1; done'`,
    command: 'docker stop -t 3 stubborn',
    after: 'docker rm -f stubborn',
  },
];

const CGROUPS: readonly GalleryEntry[] = [
  {
    name: 'limits-v1',
    group: 'cgroups v1 and v2',
    title: 'Three limits on cgroup v1',
    look: 'Memory, processor and number of processes on an older layout: a hierarchy for each controller, so the process is put into a group of its own in every one of them. Lay it beside v2 and look at what the files are called.',
    on: 'host',
    command: `underdock run --via embedded --runtime runc ${LIMITS} starter echo hello`,
    beside: ['limits-v2'],
  },
  {
    name: 'limits-v2',
    group: 'cgroups v1 and v2',
    title: 'The same three limits on cgroup v2',
    look: 'One hierarchy for all controllers: one group is made, and memory.max, cpu.max and pids.max are written into it. This trace comes from a virtual machine whose processor is emulated, so everything takes many times as long. The order of what happens is the same.',
    on: 'machine',
    command: `underdock run --via embedded --runtime runc ${LIMITS} starter echo hello`,
    beside: ['limits-v1'],
  },
  {
    name: 'crun-v2',
    group: 'cgroups v1 and v2',
    title: 'crun on cgroup v2: born in its cgroup',
    look: 'On v2 the kernel can put a process into a cgroup at the moment it is made (clone3 with CLONE_INTO_CGROUP). crun uses that, so there is no step that moves the process afterwards. Look for the step that runc has and this one has not.',
    on: 'machine',
    command: `underdock run --via embedded --runtime crun ${LIMITS} starter echo hello`,
    beside: ['limits-v2'],
  },
  {
    name: 'oom-v2',
    group: 'cgroups v1 and v2',
    title: 'Killed for want of memory on cgroup v2',
    look: 'The same death as above, on the layout that most machines have today. The limit is memory.max, and what happened can be read from memory.events afterwards, as a count.',
    on: 'machine',
    command:
      "underdock run --via embedded --runtime runc --memory 16m starter sh -c 'x=0123456789abcdef; while :; do x=$x$x; done'",
    beside: ['oom'],
  },
];

/** All traces of the gallery, in the order in which they are shown. */
export const ENTRIES: readonly GalleryEntry[] = [...FIRST_STEPS, ...WAYS_IN, ...FAILURES, ...CGROUPS];
