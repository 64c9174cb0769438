import { z } from 'zod';
import { EmbeddedError } from '../error.ts';
import { CAPABILITIES } from './capabilities.ts';
import type { OciConfig } from './ociConfig.ts';

const noNul = z.string().refine((text) => !text.includes('\0'), 'must not contain a NUL character');
const absolute = noNul.refine((text) => text.startsWith('/'), 'must be an absolute path');
const id = z.int().min(0).max(4_294_967_295);
const capabilities = z.array(z.enum(CAPABILITIES));

const processSchema = z.strictObject({
  terminal: z.boolean(),
  consoleSize: z.strictObject({ height: z.int().positive(), width: z.int().positive() }).optional(),
  user: z.strictObject({
    uid: id,
    gid: id,
    additionalGids: z.array(id).optional(),
    umask: z.int().min(0).max(0o777).optional(),
  }),
  args: z.array(noNul).min(1),
  env: z.array(noNul.refine((text) => /^[^=]+=/.test(text), 'must be NAME=value')),
  cwd: absolute,
  capabilities: z.strictObject({
    bounding: capabilities,
    effective: capabilities,
    inheritable: capabilities,
    permitted: capabilities,
    ambient: capabilities,
  }),
  rlimits: z
    .array(
      z.strictObject({
        type: z.string().regex(/^RLIMIT_[A-Z]+$/),
        hard: z.int().nonnegative(),
        soft: z.int().nonnegative(),
      }),
    )
    .optional(),
  noNewPrivileges: z.boolean(),
  oomScoreAdj: z.int().min(-1000).max(1000).optional(),
});

const mountSchema = z.strictObject({
  destination: absolute,
  type: z.string().min(1),
  source: noNul.min(1),
  options: z.array(noNul).optional(),
});

const mappingSchema = z.strictObject({ containerID: id, hostID: id, size: z.int().positive() });

const resourcesSchema = z.strictObject({
  devices: z
    .array(
      z.strictObject({
        allow: z.boolean(),
        type: z.enum(['a', 'c', 'b', 'u', 'p']).optional(),
        major: z.int().optional(),
        minor: z.int().optional(),
        access: z
          .string()
          .regex(/^[rwm]+$/)
          .optional(),
      }),
    )
    .optional(),
  memory: z.strictObject({ limit: z.int().optional(), swap: z.int().optional() }).optional(),
  cpu: z
    .strictObject({
      quota: z.int().optional(),
      period: z.int().positive().optional(),
      shares: z.int().optional(),
    })
    .optional(),
  pids: z.strictObject({ limit: z.int() }).optional(),
});

const ACTIONS = [
  'SCMP_ACT_ALLOW',
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_PROCESS',
  'SCMP_ACT_KILL_THREAD',
  'SCMP_ACT_LOG',
  'SCMP_ACT_TRACE',
  'SCMP_ACT_TRAP',
] as const;
const COMPARISONS = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'].map((word) => `SCMP_CMP_${word}`);

const seccompSchema = z.strictObject({
  defaultAction: z.enum(ACTIONS),
  defaultErrnoRet: z.int().nonnegative().optional(),
  architectures: z.array(z.string().regex(/^SCMP_ARCH_[A-Z0-9_]+$/)),
  syscalls: z.array(
    z.strictObject({
      names: z.array(z.string().regex(/^[a-z_][a-z0-9_]*$/)).min(1),
      action: z.enum(ACTIONS),
      errnoRet: z.int().nonnegative().optional(),
      args: z
        .array(
          z.strictObject({
            index: z.int().min(0).max(5),
            value: z.int().nonnegative(),
            valueTwo: z.int().nonnegative().optional(),
            op: z.enum(COMPARISONS),
          }),
        )
        .optional(),
    }),
  ),
});

const NAMESPACES = ['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time'] as const;

const linuxSchema = z
  .strictObject({
    namespaces: z.array(z.strictObject({ type: z.enum(NAMESPACES), path: absolute.optional() })),
    uidMappings: z.array(mappingSchema).optional(),
    gidMappings: z.array(mappingSchema).optional(),
    cgroupsPath: noNul.min(1).optional(),
    resources: resourcesSchema.optional(),
    seccomp: seccompSchema.optional(),
    maskedPaths: z.array(absolute).optional(),
    readonlyPaths: z.array(absolute).optional(),
    sysctl: z.record(z.string(), z.string()).optional(),
    rootfsPropagation: z.enum(['shared', 'slave', 'private', 'unbindable']).optional(),
  })
  .refine(
    ({ namespaces }) => new Set(namespaces.map((one) => one.type)).size === namespaces.length,
    'a namespace type must occur once',
  )
  .refine(
    ({ namespaces, uidMappings }) =>
      uidMappings === undefined || namespaces.some((one) => one.type === 'user'),
    'id mappings need a user namespace',
  );

/** The parts of config.json (OCI runtime spec 1.0.2: config.md, config-linux.md) that underdock writes, and nothing else. */
export const ociConfigSchema = z
  .strictObject({
    ociVersion: z.string().regex(/^1\.\d+\.\d+(-\w+)?$/),
    process: processSchema,
    root: z.strictObject({ path: absolute, readonly: z.boolean() }),
    hostname: z.string().min(1).max(63).optional(),
    mounts: z.array(mountSchema),
    annotations: z.record(z.string(), z.string()).optional(),
    linux: linuxSchema,
  })
  .refine(
    ({ hostname, linux }) => hostname === undefined || linux.namespaces.some((one) => one.type === 'uts'),
    'a hostname needs a uts namespace',
  );

/** The configuration itself when it holds to the spec; else EmbeddedError with each fault and where it is. */
export function validateConfig(config: unknown): OciConfig {
  const result = ociConfigSchema.safeParse(config);
  if (result.success) return config as OciConfig;
  const faults = result.error.issues.map((issue) => `${issue.path.join('.') || 'config'}: ${issue.message}`);
  throw new EmbeddedError(
    'bad-config',
    `config.json does not hold to the runtime spec: ${faults.join('; ')}`,
    {
      remedy: 'check the flags and the image’s configuration for these fields',
      cause: result.error,
    },
  );
}
