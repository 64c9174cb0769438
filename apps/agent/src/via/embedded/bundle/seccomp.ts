import type { OciSeccomp } from './ociConfig.ts';
import {
  ALLOWED,
  ALLOWED_BY_ARCH,
  ALLOWED_BY_CAPABILITY,
  DENIED,
  type SyscallGroup,
} from './seccompLists.ts';

const EPERM = 1;
const ENOSYS = 38;
const AF_VSOCK = 40;

/** CLONE_NEW… flags by clone(2), linux/sched.h. */
const NAMESPACE_FLAGS = [0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000];
const ALL_NAMESPACES = NAMESPACE_FLAGS.reduce((all, flag) => all + flag, 0);

/** Linux, and Linux with the addresses of 32-bit programs (personality(2)); the last only asks. */
const PERSONALITIES = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];

const ARCHITECTURES: Record<string, string[]> = {
  x64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

type Rule = OciSeccomp['syscalls'][number];

const deny = (names: string[], errnoRet = EPERM): Rule => ({ names, action: 'SCMP_ACT_ERRNO', errnoRet });
const allow = (names: string[], args?: Rule['args']): Rule => ({
  names,
  action: 'SCMP_ACT_ALLOW',
  ...(args === undefined ? {} : { args }),
});

const namesOf = (groups: readonly SyscallGroup[]): string[] => groups.flatMap((group) => group.names);

/** New processes, but no new namespaces. clone3 keeps its flags in memory where no filter can read them: libc then uses clone. */
function cloneRules(): Rule[] {
  const flagged = NAMESPACE_FLAGS.map((flag) => ({
    ...deny(['clone']),
    args: [{ index: 0, value: flag, valueTwo: flag, op: 'SCMP_CMP_MASKED_EQ' }],
  }));
  const plain = allow(
    ['clone'],
    [{ index: 0, value: ALL_NAMESPACES, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
  );
  return [plain, ...flagged, deny(['clone3'], ENOSYS)];
}

function argumentRules(): Rule[] {
  return [
    ...PERSONALITIES.map((value) => allow(['personality'], [{ index: 0, value, op: 'SCMP_CMP_EQ' }])),
    allow(['socket'], [{ index: 0, value: AF_VSOCK, op: 'SCMP_CMP_NE' }]),
    { ...deny(['socket']), args: [{ index: 0, value: AF_VSOCK, op: 'SCMP_CMP_EQ' }] },
  ];
}

/**
 * The filter for a container with these capabilities (names with CAP_), from the written lists: what is listed is
 * allowed, what is known and not listed is EPERM, what this list does not know is ENOSYS so that libraries fall back.
 * Undefined for a processor family that the lists do not cover.
 */
export function buildSeccomp(arch: string, capabilities: readonly string[]): OciSeccomp | undefined {
  const architectures = ARCHITECTURES[arch];
  if (architectures === undefined) return undefined;
  const opened = Object.entries(ALLOWED_BY_CAPABILITY);
  const granted = opened.filter(([name]) => capabilities.includes(name)).map(([, group]) => group);
  const allowed = new Set(namesOf([...ALLOWED, ALLOWED_BY_ARCH[arch]!, ...granted]));
  const known = namesOf([...opened.map(([, group]) => group), ...DENIED]);
  const denied = new Set(known.filter((name) => !allowed.has(name) && name !== 'clone' && name !== 'clone3'));
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: ENOSYS,
    architectures,
    syscalls: [
      allow([...allowed]),
      ...(allowed.has('clone') ? [] : cloneRules()),
      ...argumentRules(),
      deny([...denied]),
    ],
  };
}
