/**
 * System calls that Node lacks, lent by the caller. Paths are the file system’s bytes. Each throws an Error with an
 * errno name as `code`. What is not lent is skipped and reported.
 */
export interface KernelCalls {
  /** mknod(2): `mode` with the file type’s bits. */
  mknod?(path: Buffer, mode: number, major: number, minor: number): void;
  /** lsetxattr(2). */
  setXattr?(path: Buffer, name: string, value: Buffer): void;
  /** lgetxattr(2); undefined where the attribute isn’t there. */
  getXattr?(path: Buffer, name: string): Buffer | undefined;
  /** utimensat(2) with AT_SYMLINK_NOFOLLOW, to the nanosecond; sets access and modification time alike. */
  setTimes?(path: Buffer, seconds: number, nanoseconds: number): void;
}

/** File type bits of a mode (inode(7)). */
export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;
