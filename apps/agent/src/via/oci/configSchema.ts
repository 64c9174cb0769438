import { z } from 'zod';

/** Numbers as the spec bounds them: JSON has more digits than a double keeps, so bounds are all that is checked. */
const whole = (kind: string, min: number, max: number) =>
  z
    .number({ error: `must be a whole number (${kind})` })
    .refine((n) => Number.isInteger(n) && n >= min && n <= max, `must be a whole number (${kind})`);
const uint16 = whole('uint16', 0, 65_535);
const uint32 = whole('uint32', 0, 4_294_967_295);
const uint64 = whole('uint64', 0, 2 ** 64);
const int64 = whole('int64', -(2 ** 63), 2 ** 63);
const anInt = whole('integer', -(2 ** 63), 2 ** 63);

const text = z.string().refine((one) => !one.includes('\0'), 'must not contain a NUL character');
const texts = z.array(text);
const absolute = text.refine((one) => one.startsWith('/'), 'must be an absolute path');
const textMap = z.record(z.string().min(1), z.string());

const hook = z.strictObject({
  path: absolute,
  args: texts.optional(),
  env: texts.optional(),
  timeout: anInt.refine((n) => n > 0, 'must be greater than zero').optional(),
});
const hooks = z.array(hook).optional();

const idMapping = z.strictObject({ containerID: uint32, hostID: uint32, size: uint32 });

const process = z.strictObject({
  terminal: z.boolean().optional(),
  consoleSize: z.strictObject({ height: uint64, width: uint64 }).optional(),
  cwd: absolute,
  env: z.array(text.refine((one) => /^[^=]+=/.test(one), 'must be NAME=value')).optional(),
  args: texts.min(1, 'must hold at least the program').optional(),
  commandLine: text.optional(),
  user: z
    .strictObject({
      uid: uint32.optional(),
      gid: uint32.optional(),
      umask: uint32.optional(),
      additionalGids: z.array(uint32).optional(),
      username: text.optional(),
    })
    .optional(),
  capabilities: z
    .strictObject({
      bounding: texts.optional(),
      permitted: texts.optional(),
      effective: texts.optional(),
      inheritable: texts.optional(),
      ambient: texts.optional(),
    })
    .optional(),
  rlimits: z
    .array(
      z.strictObject({
        type: text.regex(/^RLIMIT_[A-Z]+$/, 'must be RLIMIT_ and a name, such as RLIMIT_NOFILE'),
        hard: uint64,
        soft: uint64,
      }),
    )
    .optional(),
  apparmorProfile: text.optional(),
  selinuxLabel: text.optional(),
  oomScoreAdj: whole('from -1000 to 1000', -1000, 1000).optional(),
  noNewPrivileges: z.boolean().optional(),
  scheduler: z.looseObject({}).optional(),
  ioPriority: z.looseObject({}).optional(),
  execCPUAffinity: z.looseObject({}).optional(),
});

const mount = z.strictObject({
  destination: absolute,
  source: text.optional(),
  type: text.optional(),
  options: texts.optional(),
  uidMappings: z.array(idMapping).optional(),
  gidMappings: z.array(idMapping).optional(),
});

const device = z.strictObject({
  type: text.regex(/^[cbup]$/, 'must be c, b, u or p'),
  path: absolute,
  fileMode: whole('from 0 to 512', 0, 512).optional(),
  major: int64.optional(),
  minor: int64.optional(),
  uid: uint32.optional(),
  gid: uint32.optional(),
});

const throttled = z.array(z.strictObject({ major: int64, minor: int64, rate: uint64.optional() })).optional();
const weighed = { weight: uint16.optional(), leafWeight: uint16.optional() };

const resources = z.strictObject({
  unified: textMap.optional(),
  devices: z
    .array(
      z.strictObject({
        allow: z.boolean(),
        type: text.optional(),
        major: int64.optional(),
        minor: int64.optional(),
        access: text.optional(),
      }),
    )
    .optional(),
  pids: z.strictObject({ limit: int64 }).optional(),
  blockIO: z
    .strictObject({
      ...weighed,
      throttleReadBpsDevice: throttled,
      throttleWriteBpsDevice: throttled,
      throttleReadIOPSDevice: throttled,
      throttleWriteIOPSDevice: throttled,
      weightDevice: z.array(z.strictObject({ major: int64, minor: int64, ...weighed })).optional(),
    })
    .optional(),
  cpu: z
    .strictObject({
      cpus: text.optional(),
      mems: text.optional(),
      period: uint64.optional(),
      quota: int64.optional(),
      burst: uint64.optional(),
      realtimePeriod: uint64.optional(),
      realtimeRuntime: int64.optional(),
      shares: uint64.optional(),
      idle: int64.optional(),
    })
    .optional(),
  hugepageLimits: z
    .array(
      z.strictObject({
        pageSize: text.regex(/^[1-9][0-9]*[KMG]B$/, 'must be a size such as 2MB'),
        limit: uint64,
      }),
    )
    .optional(),
  memory: z
    .strictObject({
      limit: int64.optional(),
      reservation: int64.optional(),
      swap: int64.optional(),
      kernel: int64.optional(),
      kernelTCP: int64.optional(),
      swappiness: uint64.optional(),
      disableOOMKiller: z.boolean().optional(),
      useHierarchy: z.boolean().optional(),
      checkBeforeUpdate: z.boolean().optional(),
    })
    .optional(),
  network: z
    .strictObject({
      classID: uint32.optional(),
      priorities: z.array(z.strictObject({ name: text, priority: uint32 })).optional(),
    })
    .optional(),
  rdma: z
    .record(z.string(), z.strictObject({ hcaHandles: uint32.optional(), hcaObjects: uint32.optional() }))
    .optional(),
});

const words = <const T extends string>(prefix: string, list: readonly T[]) =>
  z.enum(list.map((one) => `${prefix}${one}`));
const action = words('SCMP_ACT_', [
  'KILL',
  'KILL_PROCESS',
  'KILL_THREAD',
  'TRAP',
  'ERRNO',
  'TRACE',
  'ALLOW',
  'LOG',
  'NOTIFY',
]);
const seccomp = z.strictObject({
  defaultAction: action,
  defaultErrnoRet: uint32.optional(),
  flags: z
    .array(words('SECCOMP_FILTER_FLAG_', ['TSYNC', 'LOG', 'SPEC_ALLOW', 'WAIT_KILLABLE_RECV']))
    .optional(),
  listenerPath: text.optional(),
  listenerMetadata: text.optional(),
  architectures: z.array(text.regex(/^SCMP_ARCH_[A-Z0-9_]+$/, 'must be SCMP_ARCH_ and a name')).optional(),
  syscalls: z
    .array(
      z.strictObject({
        names: texts.min(1, 'must name a system call'),
        action,
        errnoRet: uint32.optional(),
        args: z
          .array(
            z.strictObject({
              index: uint32,
              value: uint64,
              valueTwo: uint64.optional(),
              op: words('SCMP_CMP_', ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ']),
            }),
          )
          .optional(),
      }),
    )
    .optional(),
});

const NAMESPACES = ['mount', 'pid', 'network', 'uts', 'ipc', 'user', 'cgroup', 'time'] as const;

const linux = z.strictObject({
  devices: z.array(device).optional(),
  netDevices: z.looseObject({}).optional(),
  uidMappings: z.array(idMapping).optional(),
  gidMappings: z.array(idMapping).optional(),
  namespaces: z
    .array(z.strictObject({ type: z.enum(NAMESPACES), path: absolute.optional() }))
    .refine(
      (all) => new Set(all.map(({ type }) => type)).size === all.length,
      'must name each namespace type once',
    )
    .optional(),
  timeOffsets: z.looseObject({}).optional(),
  resources: resources.optional(),
  cgroupsPath: text.optional(),
  rootfsPropagation: z.enum(['private', 'shared', 'slave', 'unbindable']).optional(),
  seccomp: seccomp.optional(),
  sysctl: textMap.optional(),
  maskedPaths: texts.optional(),
  readonlyPaths: texts.optional(),
  mountLabel: text.optional(),
  intelRdt: z.looseObject({}).optional(),
  memoryPolicy: z.looseObject({}).optional(),
  personality: z.strictObject({ domain: z.enum(['LINUX', 'LINUX32']), flags: texts.optional() }).optional(),
});

/**
 * config.json as the OCI runtime spec has it for Linux (1.0 to 1.3: config.md, config-linux.md), every field by its type.
 * What the spec asks of a configuration beside types (an absolute cwd, a uts namespace for a host name) is asked here too;
 * fields that it does not know are refused, which a runtime would not do.
 */
export const configSchema = z
  .strictObject({
    ociVersion: text.regex(
      /^1\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/,
      'must be a version 1.x.y of the runtime spec',
    ),
    process: process.optional(),
    root: z.strictObject({ path: text.min(1), readonly: z.boolean().optional() }).optional(),
    hostname: text.optional(),
    domainname: text.optional(),
    mounts: z.array(mount).optional(),
    hooks: z
      .strictObject({
        prestart: hooks,
        createRuntime: hooks,
        createContainer: hooks,
        startContainer: hooks,
        poststart: hooks,
        poststop: hooks,
      })
      .optional(),
    annotations: textMap.optional(),
    linux: linux.optional(),
  })
  .refine(
    ({ hostname, linux: own }) =>
      hostname === undefined || hostname === '' || own?.namespaces?.some(({ type }) => type === 'uts'),
    { path: ['hostname'], message: 'needs a namespace of type uts under linux.namespaces' },
  )
  .refine(
    ({ linux: own }) =>
      (own?.uidMappings ?? []).length + (own?.gidMappings ?? []).length === 0 ||
      own?.namespaces?.some(({ type }) => type === 'user'),
    { path: ['linux', 'uidMappings'], message: 'needs a namespace of type user under linux.namespaces' },
  );
