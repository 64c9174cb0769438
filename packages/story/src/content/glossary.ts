/** A word and what it means, in one sentence. */
export interface Term {
  word: string;
  means: string;
}

/** Keys are named by steps as their `terms`. */
export const GLOSSARY: Readonly<Record<string, Term>> = {
  bundle: {
    word: 'bundle',
    means: 'a folder with a root filesystem and a config.json: all that a low-level runtime needs',
  },
  capability: { word: 'capability', means: 'one of about forty pieces that root’s power is divided into' },
  cgroup: {
    word: 'cgroup',
    means: 'a group of processes whose use of memory, cpu and more is counted and limited together',
  },
  container: { word: 'container', means: 'a process with its own view of the system and with limits' },
  diffId: { word: 'diff id', means: 'the digest of a layer’s unpacked archive' },
  digest: { word: 'digest', means: 'the fingerprint of some bytes: other bytes have another one' },
  engine: {
    word: 'engine',
    means: 'the program that keeps containers, takes requests and gives orders to runtimes',
  },
  exitCode: {
    word: 'exit code',
    means: 'the number that a process leaves when it ends: 0 means that all went well',
  },
  image: { word: 'image', means: 'files in layers, and how to start a program from them' },
  inode: { word: 'inode', means: 'the number by which the kernel knows a file, and a namespace too' },
  layer: { word: 'layer', means: 'an archive of what changes in the files over the layers below' },
  manifest: {
    word: 'manifest',
    means: 'the table of contents of an image: its configuration and its layers with their digests',
  },
  mount: { word: 'mount', means: 'a place in the tree of folders where a filesystem hangs' },
  namespace: {
    word: 'namespace',
    means: 'what a process can see of one thing: processes, network, mounts, names',
  },
  noNewPrivs: {
    word: 'no-new-privs',
    means: 'a switch after which a process and its children can never gain rights',
  },
  oci: {
    word: 'OCI',
    means: 'the Open Container Initiative, which wrote down the formats that all runtimes share',
  },
  oom: { word: 'OOM', means: 'out of memory: the kernel kills a process because none is left for it' },
  overlay: {
    word: 'overlay',
    means: 'a filesystem that shows several folders as one and writes only into the topmost',
  },
  pid: { word: 'pid', means: 'the number of a process; inside a pid namespace it has another one' },
  pivot_root: { word: 'pivot_root', means: 'the system call that makes another filesystem the root' },
  registry: { word: 'registry', means: 'a server that keeps images and gives them out over HTTP' },
  runtime: {
    word: 'low-level runtime',
    means: 'a program such as runc that builds a container from a bundle, then ends',
  },
  seccomp: { word: 'seccomp', means: 'a filter that the kernel asks before each system call of a process' },
  signal: { word: 'signal', means: 'a short message to a process: stop, reload, end' },
  snapshot: {
    word: 'snapshot',
    means: 'a root filesystem made from an image’s layers, with a place to write',
  },
  stream: { word: 'stream', means: 'standard input, output or error of a process' },
  syscall: { word: 'system call', means: 'the way in which a program asks the kernel to do something' },
  tag: { word: 'tag', means: 'a name for an image that can point to another one tomorrow' },
  task: { word: 'task', means: 'containerd’s word for a container that has a process' },
  uid: { word: 'user id', means: 'the number by which the kernel knows a user; 0 is root' },
  watcher: { word: 'watcher', means: 'the part of underdock that observes one layer' },
  whiteout: {
    word: 'whiteout',
    means: 'a mark in a layer that says: this file of the layers below is deleted',
  },
};
