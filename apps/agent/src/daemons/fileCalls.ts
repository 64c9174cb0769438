import type { KernelCalls } from '@underdock/image';
import { KernelCallError, mustCall } from '../kernelCalls.ts';

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
// The most that Linux lets an attribute hold (XATTR_SIZE_MAX).
const LARGEST_XATTR = 65536;

const MKNOD = 'int mknod(const uint8_t *path, uint32_t mode, uint64_t device)';
const SET = 'int lsetxattr(const uint8_t *path, const char *name, const void *value, size_t size, int flags)';
const GET = 'intptr_t lgetxattr(const uint8_t *path, const char *name, void *value, size_t size)';
const TIMES = 'int utimensat(int folder, const uint8_t *path, const int64_t *times, int flags)';

/** makedev(3) as glibc and musl have it. */
function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (
    ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn)
  );
}

/** A path as C wants it; one with a NUL inside would silently name another file. */
function cPath(call: string, path: Buffer): Buffer {
  if (path.includes(0))
    throw Object.assign(new Error(`EINVAL: ${call} of a path with NUL`), { code: 'EINVAL' });
  return Buffer.concat([path, Buffer.alloc(1)]);
}

/**
 * The system calls that unpacking an image needs and Node lacks, made in this process. Each throws KernelCallError,
 * whose `code` is the errno’s name.
 */
export const fileCalls: Required<KernelCalls> = {
  mknod(path, mode, major, minor) {
    mustCall('mknod', MKNOD, cPath('mknod', path), mode, deviceNumber(major, minor));
  },
  setXattr(path, name, value) {
    mustCall('lsetxattr', SET, cPath('lsetxattr', path), name, value, value.byteLength, 0);
  },
  getXattr(path, name) {
    const value = Buffer.alloc(LARGEST_XATTR);
    try {
      const size = mustCall('lgetxattr', GET, cPath('lgetxattr', path), name, value, value.byteLength);
      return value.subarray(0, size);
    } catch (error) {
      if (error instanceof KernelCallError && ['ENODATA', 'ENOTSUP', 'EOPNOTSUPP'].includes(error.code))
        return undefined;
      throw error;
    }
  },
  setTimes(path, seconds, nanoseconds) {
    const at = [BigInt(seconds), BigInt(nanoseconds)];
    const pair = BigInt64Array.from([...at, ...at]);
    mustCall('utimensat', TIMES, AT_FDCWD, cPath('utimensat', path), pair, AT_SYMLINK_NOFOLLOW);
  },
};
