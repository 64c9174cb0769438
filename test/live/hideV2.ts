/**
 * A shell script for `unshare -m sh -c SCRIPT sh crun …`: crun refuses hybrid cgroups; where v2 is hidden from it, in a mount
 * namespace of its own, it takes the v1 hierarchies.
 */
export const HIDE_V2 =
  'if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi; exec "$@"';
