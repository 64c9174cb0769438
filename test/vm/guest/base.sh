#!/bin/sh
# Runs on the host while the Debian image is made; $1 is its root folder, where apt still has its lists.
# Brings in the kernel (unpacked, not installed: no initramfs of Debian's is wanted), an init, and the user of the checks.
set -eu
root=$1

chroot "$root" sh -eu -c '
  mkdir /tmp/kernel && cd /tmp/kernel
  package=$(apt-cache depends "linux-image-$(dpkg --print-architecture)" | sed -n "s/^ *Depends: \(linux-image-.*\)/\1/p" | head -n 1)
  apt-get download -qq "$package"
  dpkg-deb -x ./*.deb .
  release=$(ls lib/modules)
  cd lib/modules/"$release"/kernel
  # A machine made of virtio needs no other drivers.
  rm -rf sound
  find drivers -mindepth 1 -maxdepth 1 ! -name virtio ! -name block ! -name char ! -name net -exec rm -rf {} +
  find drivers/net drivers/char -mindepth 1 -type d -prune -exec rm -rf {} +
  cd /
  mkdir -p usr/lib/modules
  mv /tmp/kernel/lib/modules/"$release" usr/lib/modules/
  mv /tmp/kernel/boot/vmlinuz-* boot/vmlinuz
  rm -rf /tmp/kernel
  depmod "$release"
  useradd --create-home --uid 1000 --shell /bin/sh learner
  echo learner:100000:65536 | tee /etc/subuid > /etc/subgid
  ln -sf /bin/busybox /sbin/init
  mkdir -p /house /mnt/libraries /mnt/sources
'

# busybox init reaps every orphan, as an init must: containers whose runtime has ended become its children.
cat > "$root/etc/inittab" <<'INITTAB'
::sysinit:/sbin/underdock-mounts
::once:/house/test/vm/guest/start.sh
::ctrlaltdel:/bin/busybox poweroff -f
INITTAB

cat > "$root/sbin/underdock-mounts" <<'MOUNTS'
#!/bin/sh
# The house lies on two read-only disks, its libraries and its sources, and is put together here.
mount -t proc proc /proc
mount -t sysfs sys /sys
modprobe overlay
mount -o ro -t ext4 /dev/vdb /mnt/libraries
mount -o ro -t ext4 /dev/vdc /mnt/sources
mount -t overlay house -o ro,lowerdir=/mnt/sources:/mnt/libraries /house
MOUNTS
chmod 755 "$root/sbin/underdock-mounts"
