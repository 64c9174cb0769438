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
  /** What is recorded. `underdock run` records itself; any other command is found by `underdock watch`. */
  command: string;
  /** Typed afterwards, and not recorded. */
  after?: string;
  /** With whom it makes a pair to be laid side by side. */
  beside?: string;
}

/** All traces of the gallery, in the order in which they are shown. */
export const ENTRIES: readonly GalleryEntry[] = [
  {
    name: 'docker-run',
    group: 'First steps',
    title: 'docker run, the image already there',
    look: 'The whole relay from one typed line: the client asks dockerd, dockerd asks containerd, its shim calls runc, and runc asks the kernel. Step through it once at the level “story”, then look at the times: most of the time is spent below runc create, and hardly any of it in the program that was asked for.',
    on: 'host',
    before: 'docker pull -q localhost:5000/starter && docker tag localhost:5000/starter starter',
    command: 'docker run --rm --memory 64m starter echo hello',
  },
  {
    name: 'runc',
    group: 'Ways in',
    title: 'runc alone, on a bundle',
    look: 'No engine and no containerd: a folder with config.json and a root filesystem is all that a low-level runtime wants. Count what is missing compared with docker run: nobody pulls, nobody keeps logs, nobody cleans up unless you do.',
    on: 'host',
    command:
      './bin/underdock run --via oci --runtime runc --memory 64m --record runc.chain.gz starter echo hello',
  },
  {
    name: 'oom',
    group: 'When it fails',
    title: 'Killed for want of memory',
    look: 'The container may have 16 MiB and asks for more with every turn of its loop. Look for the limit as it is written into the cgroup, and then for the kernel’s own act: it chooses the process and kills it. Nobody in the layers above decided that; they learn of it afterwards.',
    on: 'host',
    before: 'docker pull -q localhost:5000/starter && docker tag localhost:5000/starter starter',
    command: "docker run --rm --memory 16m starter sh -c 'x=0123456789abcdef; while :; do x=$x$x; done'",
  },
];
