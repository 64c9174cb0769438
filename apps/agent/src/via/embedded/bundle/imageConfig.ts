/** The part of an image's configuration that shapes a container: `config` of the OCI image config (image-spec, config.md). */
export interface ImageConfig {
  Entrypoint?: string[] | null;
  Cmd?: string[] | null;
  Env?: string[] | null;
  User?: string;
  WorkingDir?: string;
  StopSignal?: string;
  ExposedPorts?: Record<string, unknown> | null;
}
