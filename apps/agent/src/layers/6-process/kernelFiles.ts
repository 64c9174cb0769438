import { readFileSync, readlinkSync } from 'node:fs';

// The kernel makes these files' contents in memory when they are read: a way through the thread pool and back takes many
// times as long as the read, and that dozens of times while a container waits.

/** The text of a file of /proc or of a cgroup. Rejects with the system's error. */
export async function textOfKernelFile(file: string): Promise<string> {
  return readFileSync(file, 'utf8');
}

/** Where a link of /proc leads. Rejects with the system's error. */
export async function kernelLink(file: string): Promise<string> {
  return readlinkSync(file);
}
