/** How the bits of a register are to be read. */
export type Width = 'i32' | 'u32' | 'u64';

/**
 * One system call that the probe watches, at its entry and return. Expressions are in bpftrace's language; `A0` … `A5`
 * stand for the call's arguments as they lie in the registers.
 */
export interface SyscallProbe {
  name: string;
  /** The call's number on x86-64 and on arm64 (the generic table), or null where it does not exist. */
  ids: readonly [x64: number | null, arm64: number | null];
  /** Only calls for which this holds are told; `setup` runs before it. */
  when?: string;
  setup?: string;
  /** Numbers by name, at most six. */
  numbers?: Record<string, readonly [expression: string, width: Width]>;
  /** Addresses of strings in the caller's memory by name, at most four. */
  strings?: Record<string, string>;
  /** Length of the first string in bytes, where it does not end with a NUL. */
  length?: string;
  /** A descriptor (number) whose path is told as well, under `name`. */
  fdPath?: { name: string; fd: string };
  /** The index of a string of the form `/proc/self/fd/N` whose meaning is told as well, under `name`. */
  procPath?: { name: string; string: number };
}

/** What a layer contributes to the one program. */
export interface Fragment {
  syscalls?: readonly SyscallProbe[];
  /** Other probes, as text, each with the tracepoint that it needs: left out where the kernel has it not. */
  probes?: readonly { needs: string; text: string }[];
}

/** True in BPF for a process that descends from the agent. */
export const TRACKED = '@t[(uint64)pid]';
/** Bytes of one piece of a string: two copies and the rest must fit on BPF's stack of 512 bytes. */
export const PIECE = 127;
/** Bytes of one piece of an argument list, printed in hexadecimal. */
export const ARGV_PIECE = 64;
/** Longest string that is told, in pieces. */
export const PIECES = 8;
export const ARGV_PIECES = 40;
/** Strings of this index and above are the names on a path, from the leaf up. */
export const PATH_INDEX = 16;
const PATH_STEPS = 32;
// struct mount (fs/mount.h) begins with a list node and two pointers, then comes the vfsmount that files point to.
const MNT_OFFSET = 32;
export const NUMBERS = 6;
export const STRINGS = 4;

/** Prints the string at `$p` in pieces: `s TID INDEX PIECE:text`. Uses `$i`. */
export function printString(index: number): string {
  // The byte after a full piece tells whether more may follow; what follows a shorter piece is passed over later.
  return `$i = (uint64)0;
    while ($i < ${PIECES}) {
      printf("s %d ${index} %d:%s\\n", tid, $i, str(uptr($p)));
      $p = $p + ${PIECE}; $i = $i + 1;
      if (*(uint8*)uptr($p) == 0) { break; }
    }`;
}

/** Prints `$l` bytes of text from `$p` in pieces. Uses `$i`. */
export function printCounted(index: number): string {
  return `$i = (uint64)0;
    while ($i < ${PIECES}) {
      printf("s %d ${index} %d:%s\\n", tid, $i, str(uptr($p), $l));
      if ($l <= ${PIECE}) { break; }
      $p = $p + ${PIECE}; $l = $l - ${PIECE}; $i = $i + 1;
    }`;
}

/**
 * Prints the names from the dentry `$d` up: to the root of its filesystem, or, when `$m` is a mount, across mounts to the
 * root of the namespace. Uses `$i` and `$j`.
 */
export const PRINT_PATH = `$i = (uint64)0; $j = (uint64)0;
    while ($i < ${PATH_STEPS}) {
      $i = $i + 1;
      if ((uint64)$m != 0 && (uint64)$d == (uint64)$m->mnt.mnt_root) {
        if ((uint64)$m == (uint64)$m->mnt_parent) { break; }
        $d = $m->mnt_mountpoint; $m = $m->mnt_parent;
      } else {
        if ((uint64)$d == (uint64)$d->d_parent) { break; }
        printf("s %d %d 0:%s\\n", tid, $j + ${PATH_INDEX}, str($d->d_name.name));
        $d = $d->d_parent; $j = $j + 1;
      }
    }`;

/** Leaves in `$m` the mount that the open file `$f` was reached by, 0 when its layout is not the one that is known. */
export const MOUNT_OF_F = `$m = (struct mount *)((uint64)$f->f_path.mnt - ${MNT_OFFSET});
    if ((uint64)$m->mnt.mnt_root != (uint64)$f->f_path.mnt->mnt_root || (uint64)$m->mnt.mnt_sb != (uint64)$f->f_path.mnt->mnt_sb) { $m = (struct mount *)0; }`;

/** Leaves the open file of descriptor `$w` in `$f`, 0 when there is none. */
export const FILE_OF_W = `$f = (struct file *)0; $q = (struct task_struct *)curtask;
    if ($w < (uint64)$q->files->fdt->max_fds) { $f = (struct file *)*($q->files->fdt->fd + $w); }`;

// "/proc/self/fd/" is 14 bytes; up to three digits follow.
const digit = (n: number) => `*(uint8*)uptr($p + ${14 + n})`;
/** Leaves in `$w` the descriptor that the string at `$p` names as `/proc/self/fd/N`, else all ones. */
export const FD_OF_PROC_PATH = `$w = (uint64)0xffffffff;
    if (*(uint64*)uptr($p) == 0x65732f636f72702f && *(uint64*)uptr($p + 6) == 0x2f64662f666c6573) {
      $g = (uint64)${digit(0)}; $w = $g - 48; $g = (uint64)${digit(1)};
      if ($g >= 48 && $g <= 57) { $w = $w * 10 + $g - 48; $g = (uint64)${digit(2)};
        if ($g >= 48 && $g <= 57) { $w = $w * 10 + $g - 48; } } }`;
