/**
 * Whether a runtime can install a seccomp filter, by what its `--version` says: runc names libseccomp, crun +SECCOMP. A
 * runtime of another name is taken to be able to.
 */
export function supportsSeccomp(name: string, version: string): boolean {
  if (name === 'runc') return /libseccomp/.test(version);
  if (name === 'crun') return /\+SECCOMP/.test(version);
  return name !== 'by-hand';
}
