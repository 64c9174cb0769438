import { nativeCall } from '../../kernelCalls.ts';

/** The value of an extended attribute as text (lgetxattr(2)); undefined where it is not there or can't be read. */
export function readAttribute(path: string, name: string): string | undefined {
  const value = Buffer.alloc(256);
  const length = nativeCall('long lgetxattr(const char *path, const char *name, void *value, size_t size)')(
    path,
    name,
    value,
    value.length,
  );
  return length < 0 ? undefined : value.toString('utf8', 0, length);
}
