import { findProgram } from '../programs.ts';

/** What a private containerd’s configuration depends on. */
export interface ContainerdConfigOptions {
  /** The configuration of containerd 2 has names of its own (docs/cri/config.md). */
  major: number;
  /** Where runtimes and libraries that are installed through containerd would lie. */
  opt: string;
  /** Where runtimes keep what they know of their containers while these live. */
  runtimeRoot: string;
  /** The image that holds a pod’s namespaces open. */
  pauseImage: string;
  /** Folder of `HOST:PORT/hosts.toml` files, which say that a registry talks plain http. */
  hosts: string;
  cni: { plugins: string; config: string };
  /** Runtimes beside runc, by name, with their programs. */
  runtimes: Record<string, string>;
}

const text = (value: string) => JSON.stringify(value);

/** The config.toml for the containerd that is installed: CRI on, streams on loopback alone, everything in folders of its own. */
export function containerdConfig(options: ContainerdConfigOptions): string {
  return options.major >= 2 ? versionThree(options) : versionTwo(options);
}

function versionTwo({ opt, pauseImage, hosts, cni, runtimes, runtimeRoot }: ContainerdConfigOptions): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
[plugins."io.containerd.internal.v1.opt"]
  path = ${text(opt)}
[${cri}]
  sandbox_image = ${text(pauseImage)}
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  disable_tcp_service = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
[${cri}.cni]
  bin_dir = ${text(cni.plugins)}
  conf_dir = ${text(cni.config)}
[${cri}.registry]
  config_path = ${text(hosts)}
${runtimeTables(cri, runtimeRoot, runtimes)}`;
}

function versionThree({
  opt,
  pauseImage,
  hosts,
  cni,
  runtimes,
  runtimeRoot,
}: ContainerdConfigOptions): string {
  const runtime = "plugins.'io.containerd.cri.v1.runtime'";
  const images = "plugins.'io.containerd.cri.v1.images'";
  return `version = 3
[plugins.'io.containerd.internal.v1.opt']
  path = ${text(opt)}
[plugins.'io.containerd.grpc.v1.cri']
  disable_tcp_service = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
[${runtime}]
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
[${runtime}.cni]
  bin_dir = ${text(cni.plugins)}
  conf_dir = ${text(cni.config)}
[${images}.pinned_images]
  sandbox = ${text(pauseImage)}
[${images}.registry]
  config_path = ${text(hosts)}
${runtimeTables(runtime, runtimeRoot, runtimes)}`;
}

function runtimeTables(plugin: string, root: string, runtimes: Record<string, string>): string {
  return Object.entries({ runc: findProgram('runc') ?? '', ...runtimes })
    .map(
      ([name, program]) => `[${plugin}.containerd.runtimes.${text(name)}]
  runtime_type = "io.containerd.runc.v2"
[${plugin}.containerd.runtimes.${text(name)}.options]
  BinaryName = ${text(program)}
  Root = ${text(root)}
`,
    )
    .join('');
}
