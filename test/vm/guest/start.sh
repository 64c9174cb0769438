#!/bin/sh
# Inside the machine: the mounts that systemd would make, pure cgroup v2, then the checks (or the gallery's recorder), then the power goes off.
mkdir -p /dev/pts /dev/shm
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs -o mode=1777 tmp /tmp
mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup2 /sys/fs/cgroup
mount -t tracefs tracefs /sys/kernel/tracing
mount -t debugfs debugfs /sys/kernel/debug
mount -t bpf bpf /sys/fs/bpf
mount --make-rshared /
modprobe virtio_console
hostname machine
ip link set lo up
mkdir -p /run/user/1000
chown 1000:1000 /run/user/1000
chmod 700 /run/user/1000
export PATH=/mnt/libraries/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8

# Every controller for every child, as systemd does; the agent's place beside the users' places.
echo '+cpu +io +memory +pids +cpuset' > /sys/fs/cgroup/cgroup.subtree_control
mkdir -p /sys/fs/cgroup/system.slice/underdock.service
echo $$ > /sys/fs/cgroup/system.slice/underdock.service/cgroup.procs

case "$(cat /proc/cmdline)" in
  *underdock.gallery=*) program=gallery/recorder/guest.ts ;;
  *) program=test/vm/guest/scenarios.ts ;;
esac
node /house/$program > /dev/vport0p1 2> /dev/console
sync
busybox poweroff -f
