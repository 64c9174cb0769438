/** The messages of the CRI (runtime.v1) as plain objects, those fields that are used here; 64-bit numbers come as text. */

/** How a namespace is shared: by the pod, by nobody, or with the node itself. */
export type NamespaceMode = 'POD' | 'CONTAINER' | 'NODE';

export interface NamespaceOption {
  network: NamespaceMode;
  pid: NamespaceMode;
  ipc: NamespaceMode;
}

/** What RunPodSandbox is asked for, and CreateContainer is reminded of. */
export interface PodSandboxConfig {
  metadata: { name: string; uid: string; namespace: string; attempt: number };
  hostname: string;
  logDirectory: string;
  labels: Record<string, string>;
  linux: {
    cgroupParent: string;
    securityContext: { namespaceOptions: NamespaceOption; seccomp: { profileType: 'RuntimeDefault' } };
  };
}

export interface LinuxResources {
  cpuPeriod?: number;
  cpuQuota?: number;
  memoryLimitInBytes?: number;
  unified?: Record<string, string>;
}

/** What CreateContainer is asked for. */
export interface ContainerConfig {
  metadata: { name: string; attempt: number };
  image: { image: string };
  command: string[];
  args: string[];
  workingDir: string;
  envs: { key: string; value: string }[];
  mounts: { containerPath: string; hostPath: string; readonly: boolean }[];
  labels: Record<string, string>;
  logPath: string;
  linux: {
    resources: LinuxResources;
    securityContext: {
      capabilities: { addCapabilities: string[]; dropCapabilities: string[] };
      namespaceOptions: NamespaceOption;
      runAsUser?: { value: number };
      runAsGroup?: { value: number };
      runAsUsername: string;
      readonlyRootfs: boolean;
      maskedPaths: readonly string[];
      readonlyPaths: readonly string[];
      seccomp: { profileType: 'RuntimeDefault' };
    };
  };
}

export interface CriVersion {
  runtimeName: string;
  runtimeVersion: string;
  runtimeApiVersion: string;
}

export interface CriStatus {
  status: { conditions: { type: string; status: boolean; reason: string; message: string }[] } | null;
  info: Record<string, string>;
}

export interface PodSandboxStatus {
  status: {
    id: string;
    state: 'SANDBOX_READY' | 'SANDBOX_NOTREADY';
    network: { ip: string } | null;
    runtimeHandler: string;
  } | null;
  /** JSON texts of the runtime’s own, where `verbose` was asked for. */
  info: Record<string, string>;
}

export interface ContainerStatus {
  status: {
    id: string;
    state: 'CONTAINER_CREATED' | 'CONTAINER_RUNNING' | 'CONTAINER_EXITED' | 'CONTAINER_UNKNOWN';
    exitCode: number;
    reason: string;
    message: string;
    imageRef: string;
  } | null;
  info: Record<string, string>;
}

export interface ImageStatus {
  image: { id: string; repoTags: string[]; repoDigests: string[]; size: string } | null;
  info: Record<string, string>;
}
