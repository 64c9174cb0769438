import type { OciIdMapping } from './bundle/ociConfig.ts';

/** How ids inside a user namespace relate to ids outside (user_namespaces(7)). */
export interface IdMappings {
  uid: OciIdMapping[];
  gid: OciIdMapping[];
  /** Whether processes inside may set additional groups: only when newgidmap wrote the map (user_namespaces(7)). */
  setgroups: boolean;
}
