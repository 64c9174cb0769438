import { mustCall } from '../../../../kernelCalls.ts';

const CLOSE_RANGE = 436;
const CLOEXEC = 4;

/**
 * Descriptors that underdock itself was started with must not reach a container: from here on they close at execve
 * (close_range(2), Linux 5.11). A shell can't do that for numbers above 9. Where the kernel can't either, they stay.
 */
export function keepInheritedDescriptors(): void {
  try {
    mustCall(
      'close_range',
      'long syscall(long number, unsigned int first, unsigned int last, unsigned int flags)',
      CLOSE_RANGE,
      3,
      0xffffffff,
      CLOEXEC,
    );
  } catch {
    // an older kernel: Node's own descriptors close at execve anyway
  }
}
