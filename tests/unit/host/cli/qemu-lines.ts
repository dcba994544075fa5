/**
 * Sixty command lines of QEMU's, as public documents have them (line breaks and shells' continuation marks taken out, nothing else), and what
 * becomes of each here: `runs` as written, `note` runs as written and says what is different, `refused` says what to write instead.
 */

export type Verdict = 'runs' | 'note' | 'refused';

export interface QemuLine {
  line: string;
  source: string;
  verdict: Verdict;
  /** Of a note: what is noted. Of a refusal: what is to be written instead, one for each fault. */
  says?: readonly RegExp[];
}

const INVOCATION = 'https://www.qemu.org/docs/master/system/invocation.html (as of QEMU 7.2)';
const IMAGES = 'https://www.qemu.org/docs/master/system/images.html (as of QEMU 7.2)';
const U_BOOT = 'https://github.com/u-boot/u-boot/blob/777c28460947371ada40868dc994dfe8537d7115/doc/board/emulation/qemu-x86.rst';
const COREBOOT = 'https://github.com/coreboot/coreboot/blob/16fe5e1511dde46ec3a82988361ebdae54802cbc/Documentation/mainboard/emulation/qemu-q35.md';
const GDB = 'https://github.com/qemu/qemu/blob/3c87012e3887e8a904a3494283c4acfa7ef777dc/docs/system/gdb.rst';
const CHARDEVS = 'https://tch1001.github.io/2023/10/05/qemu.html';

const runs = (line: string, source: string): QemuLine => ({ line, source, verdict: 'runs' });
const note = (line: string, source: string, ...says: RegExp[]): QemuLine => ({ line, source, verdict: 'note', says });
const refused = (line: string, source: string, ...says: RegExp[]): QemuLine => ({ line, source, verdict: 'refused', says });

const NO_GDB = /^-s: there is no gdb server yet; leave it out/;

export const QEMU_LINES: Readonly<Record<'kernel' | 'disk' | 'cd' | 'network' | 'firmware and debug', readonly QemuLine[]>> = {
  kernel: [
    runs('qemu-system-x86_64 -kernel bzImage -hda rootdisk.img -append "root=/dev/hda console=ttyS0" -nographic', 'https://github.com/qemu/qemu/blob/v8.2.1/docs/system/linuxboot.rst'),
    runs('qemu-system-x86_64 -nographic -kernel ./linux-4.4.185/arch/x86_64/boot/bzImage -initrd ./busybox/rootfs.img -append "root=/dev/ram rdinit=/bin/sh console=ttyS0"', 'https://gist.github.com/epcnt19/794e601df0cd39dbb60f7f42fd3695e5'),
    runs('sudo qemu-system-x86_64 -kernel arch/x86_64/boot/bzImage -initrd ramdisk.img -display none -serial stdio -append "root=/dev/vda console=ttyS0 nokaslr" -drive format=raw,file=/home/gnzh/mydev/linsicles/buildroot/output/images/rootfs.ext4,if=virtio', 'https://gist.github.com/Gonzih/5beff49be3c61b09795f88a2b30ebb07'),
    runs('qemu-system-x86_64 -m 512M -serial stdio -monitor null -kernel {S.kernel} -initrd {S.initramfs} -drive file=root.squashfs,if=virtio,format=raw --append "root=/dev/vda console=ttyS0"', 'https://gist.github.com/ganwell/9e5899e9b2a02b88ee884d93b16b7ede'),
    runs('qemu-system-x86_64 -kernel ./vmlinux', CHARDEVS),
    runs('qemu-system-x86_64 -kernel ./vmlinux -append "console=ttyS0" -serial file:serial.log', CHARDEVS),
    refused('qemu-system-x86_64 -enable-kvm -cpu host -smp 4 -kernel ./bzImage -initrd ./initramfs.tgz -nographic -append "console=ttyS0 kgdbwait kgdboc=ttyS1,115200 oops=panic panic=0 quiet" -m 3G -netdev user,id=mynet0 -device virtio-net-pci,netdev=mynet0 -s', 'https://raw.githubusercontent.com/32BitZ-Studio/Total-POC-CVE/main/2025/CVE-2025-38352/qemu.sh', NO_GDB),
    refused('qemu-system-x86_64 -m 128M -cpu kvm64 -kernel ./lts-6.6.75/arch/x86/boot/bzImage -initrd initramfs.cpio.gz -hdb flag.txt -snapshot -nographic -monitor /dev/null -no-reboot -append "console=ttyS0 nokaslr quiet panic=1" --trace "vsocket_*" -s', 'https://raw.githubusercontent.com/32BitZ-Studio/Total-POC-CVE/main/2025/CVE-2025-21756/run.sh', /^--trace .*leave it out/, NO_GDB),
    refused("qemu-system-x86_64 -nographic -m 8096 -hda $IMAGE -enable-kvm -smp cores=4,threads=1 -append 'console=ttyS0 root=/dev/sda' -kernel $KERNEL -no-reboot -netdev user,id=mynet0,hostfwd=tcp::5555-:22 -device virtio-net-pci,netdev=mynet0 -monitor unix:/tmp/monitor.sock,server,nowait", 'https://pastebin.com/index/Rmiji67P', /^-m 8096: .*write -m 3072/),
    note('qemu-system-x86_64 --enable-kvm -kernel vmlinux -append "console=ttyS0 root=/dev/vda init=/sbin/sh" -cpu host -smp 2 -m 2G -display none -serial stdio -drive file=testdisk.img,if=virtio -drive file=vac.img,if=virtio -no-reboot', 'https://gist.github.com/vsrinivas/a99879647b3535a4d8e85b4549482806', /--enable-kvm: instructions are translated/, /-cpu host: the one processor/, /-smp 2: there is one processor/),
    note('qemu-system-x86_64 --enable-kvm -kernel vmlinux -append "console=ttyS0 root=/dev/nvme0n1 init=/sbin/sh" -cpu host -smp 2 -m 2G -display none -serial stdio -drive file=/tmp/testdisk.img,if=none,id=nvme -device nvme,drive=nvme,serial=disk -drive file=/tmp/vac.img,if=none,id=nvme1 -device nvme,drive=nvme1,serial=disk1 -drive file=/tmp/disk.img,if=none,id=nvme2 -device nvme,drive=nvme2,serial=disk2 -no-reboot', 'https://gist.github.com/vsrinivas/a99879647b3535a4d8e85b4549482806', /^--enable-kvm: instructions are translated/),
    note('qemu-system-x86_64 -accel hvf -m 256 -kernel bzImage -append "root=/dev/vda" -serial stdio -cpu host -drive id=disk0,file=bigtuna-core-image-qemux86-64.ext4,if=none,format=raw -device virtio-blk,drive=disk0', 'https://gist.github.com/adam-lee/99154c5f2ac0e09d0d68926a8d262047', /-accel hvf: instructions are translated/, /-cpu host/),
  ],
  disk: [
    runs('qemu-system-x86_64 linux.img', 'https://www.qemu.org/docs/master/system/quickstart.html (as of QEMU 7.2)'),
    runs('qemu-system-x86_64 -hda a -hdb b', INVOCATION),
    runs('qemu-system-x86_64 -drive file=file,index=0,media=disk', INVOCATION),
    runs('qemu-system-x86_64 -m 512M -drive format=raw,file=rootfs.img', 'https://yifengyou.github.io/learn-kvm/docs/QEMU%E5%8A%9F%E8%83%BD/%E7%9B%B4%E6%8E%A5%E5%BC%95%E5%AF%BCLinux%E5%86%85%E6%A0%B8.html'),
    runs('qemu-system-x86_64.exe ./boot -nographic -serial mon:stdio -m 1G', 'https://github.com/itsmagu/Not-LFS/releases'),
    runs('qemu-system-i386 -hda disk.img', 'https://gist.github.com/pinglunliao/e4571d5b9e6cf00ab1a6'),
    note('qemu-system-x86_64 -drive file=disk1.img,if=none,id=disk1 -device ide-hd,drive=disk1,bootindex=4 -drive file=disk2.img,if=none,id=disk2 -device virtio-blk-pci,drive=disk2,bootindex=3 -netdev type=user,id=net0 -device virtio-net-pci,netdev=net0,bootindex=2 -netdev type=user,id=net1 -device e1000,netdev=net1,bootindex=1', 'https://www.qemu.org/docs/master/system/bootindex.html (as of QEMU 7.2)', /bootindex=4: disks are tried in the order/),
    runs('qemu-system-x86_64 -drive file=/tmp/test.qcow2', INVOCATION),
    refused('qemu-system-x86_64 -drive file=ssh://user@host/path/to/disk.img', INVOCATION, /a raw image by its path/),
    refused('qemu-system-x86_64 linux.img -hdb fat:/my_directory', IMAGES, /^-hdb fat:.*write --add/),
    refused('qemu-system-x86_64 -global ide-hd.physical_block_size=4096 disk-image.img', INVOCATION, /^-global ide-hd\..*: ide-hd has no "physical_block_size"/),
    refused('qemu-system-x86_64 dos.img -device gus -parallel none', 'https://www.qemu.org/docs/master/system/i386/pc.html (as of QEMU 7.2)', /^-device gus: .*there is no sound; leave it out/),
  ],
  cd: [
    runs('qemu-system-x86_64 -boot d -cdrom *.iso -m 128', 'https://gist.github.com/aalemayhu/0c8664e82c7f6e554e30aeecf74dffad'),
    runs('qemu-system-x86_64 -boot d -cdrom image.iso -m 512 -hda mydisk.img', 'https://gist.github.com/netrunn3r/b44528358582e15cfe5ef8bbe52dd217'),
    runs('qemu-system-x86_64 -hda /dev/sdb -cdrom ~/kvm/mhdd32ver4.6.iso -boot d', 'https://gist.github.com/netrunn3r/b44528358582e15cfe5ef8bbe52dd217'),
    refused('qemu-system-x86_64 -cdrom "ubuntu-22.04.3-live-server-amd64.iso" -hda "ubuntu.qcow2" -m "4G"', 'https://gist.github.com/tomgoren/97cabde8685274b41406483804effaa5', /^-m 4G: .*write -m 3072/),
    runs('qemu-system-x86_64 -hda ubuntu.img -boot d -cdrom c:\\iso\\ubuntu-mate-17.10-desktop-amd64.iso -m 512', 'https://gist.github.com/danilobatistaqueiroz/20ee46e5102c0afb79db8355cd47f9c9'),
    refused('exec qemu-system-x86_64 -localtime -cpu host -enable-kvm -boot d -cdrom /home/mvlabat/qemu/WINDOWS.iso -hda /home/mvlabat/qemu/WindowsVM.img -net nic -net user,hostname=windowsvm -m 1G -monitor stdio -name Windows', 'https://gist.github.com/mvlabat/7407d178fc5d38d703ff53b5f75dca8d', /^-monitor stdio: .*write -serial none/),
    runs('qemu-system-i386 -hda image.img -cdrom isofile.iso -m 16M -boot order=dc', 'https://gist.github.com/aatizghimire/f4adb4cbb46cdb62bb9eaa4067cc638d'),
    refused('qemu-system-x86_64 -machine pc,vmport=off -accel kvm -smp 2 -m 8G -cdrom Fedora-KDE-Live-x86_64-31-1.9.iso -usb -device usb-tablet -soundhw hda -vga virtio -display sdl,gl=on', 'https://gist.github.com/niklas88/cdd27a95ef4fd23cbc0b2bc825ec2394', /^-m 8G: .*write -m 3072/, /^-device usb-tablet: .*leave it out/, /^-soundhw hda: .*leave it out/, /^-vga virtio: want std, none/, /^-display sdl,gl=on: want none, curses/),
    refused('qemu-system-x86_64 -enable-kvm -M q35 -m 3074 -cpu host -smp 4 -vga virtio -display gtk,gl=on -device ich9-intel-hda,addr=1f.1 -audiodev pa,id=snd0 -device hda-output,audiodev=snd0 -cdrom $CDROM -boot d', 'https://gist.github.com/Sunderland93/7723beb591a1661a2c199dedb606c94b', /^-m 3074: .*write -m 3072/, /^-vga virtio/, /^-display gtk/, /^-device ich9-intel-hda,.*leave it out/, /^-audiodev .*leave it out/, /^-device hda-output,.*leave it out/),
    runs('qemu-system-x86_64 -drive file=file,index=2,media=cdrom', INVOCATION),
    runs('qemu-system-i386 -cdrom /dev/cdrom pc2.img', 'https://pastebin.com/index/iC8iv8GR'),
    refused('qemu-system-x86_64 -cdrom nbd://localhost/debian-500-ppc-netinst', IMAGES, /a raw image by its path/),
  ],
  network: [
    runs('qemu-system-x86_64 -netdev user,id=n1,ipv6=off -device e1000,netdev=n1,mac=52:54:98:76:54:32', INVOCATION),
    runs('qemu-system-x86_64 -nic user,ipv6=off,model=e1000,mac=52:54:98:76:54:32', INVOCATION),
    runs('qemu-system-x86_64 -nic user,dnssearch=mgmt.example.org,dnssearch=example.org', INVOCATION),
    refused('qemu-system-x86_64 linux.img -nic vde,sock=/tmp/myswitch', INVOCATION, /^-nic vde,.*write stream or dgram/),
    runs('qemu-system-x86_64 -nic user,hostfwd=tcp:127.0.0.1:6001-:6000', INVOCATION),
    runs('qemu-system-x86_64 -nic user,hostfwd=tcp::5555-:23', INVOCATION),
    runs('qemu-system-x86_64 -nic user,guestfwd=tcp:10.0.2.100:1234-tcp:10.10.1.1:4321', INVOCATION),
    refused("qemu-system-x86_64 -nic 'user,id=n1,guestfwd=tcp:10.0.2.100:1234-cmd:netcat 10.10.1.1 4321'", INVOCATION, /run a server and name it with tcp: or unix:/),
    refused('qemu-system-x86_64 linux.img -nic tap', INVOCATION, /^-nic tap: .*write user, or stream/),
    refused('qemu-system-x86_64 linux.img -device e1000,netdev=n1,mac=52:54:00:12:34:56 -netdev socket,id=n1,listen=:1234', INVOCATION, /^-netdev socket,.*write stream/),
    refused('qemu-system-x86_64 linux.img -netdev bridge,id=n1 -device virtio-net,netdev=n1', INVOCATION, /^-netdev bridge,.*write user, or stream/),
    runs('qemu-system-i386 -cdrom Core-current.iso -boot d -netdev user,id=mynet0,hostfwd=tcp::8080-:80 -device e1000,netdev=mynet0', 'https://gist.github.com/extremecoders-re/e8fd8a67a515fee0c873dcafc81d811c'),
  ],
  'firmware and debug': [
    runs('qemu-system-i386 -nographic -bios path/to/u-boot.rom', U_BOOT),
    runs('qemu-system-i386 -nographic -bios path/to/u-boot.rom -M q35', U_BOOT),
    runs('qemu-system-i386 -nographic -bios path/to/u-boot.rom -m 1024', U_BOOT),
    refused("qemu-system-i386 -nographic -bios path/to/u-boot.rom -m 1024 -kernel /path/to/bzImage -append 'root=/dev/ram console=ttyS0' -initrd /path/to/initrd -smp 8", U_BOOT, /^-bios path\/to\/u-boot\.rom: cannot be combined with -kernel; give one of them/),
    refused('qemu-system-x86_64 -m 8G -smp 4 -bios /tmp/b/qemu-x86_64/u-boot.rom -drive file=root.img,if=virtio,driver=raw -drive file=ubuntu-23.04-desktop-amd64.iso,if=virtio,driver=raw', U_BOOT, /^-m 8G: .*write -m 3072/),
    runs('qemu-system-i386 -bios build/coreboot.rom -serial stdio -M q35', COREBOOT),
    note('qemu-system-x86_64 -bios build/coreboot.rom -serial stdio -M q35 -accel kvm -cpu host', COREBOOT, /-accel kvm/, /-cpu host/),
    refused('qemu-system-x86_64 -s -S -kernel bzImage -hda rootdisk.img -append "root=/dev/hda"', GDB, NO_GDB, /^-S: .*Leave it out/),
    refused('qemu-system-x86_64 -chardev socket,path=/tmp/gdb-socket,server=on,wait=off,id=gdb0 -gdb chardev:gdb0 -S', GDB, /^-gdb chardev:gdb0: .*leave it out/, /^-S: /),
    refused('qemu-system-x86_64 -drive if=pflash,format=raw,readonly=off,file=OVMF.fd -drive format=raw,file=fat:rw:hd -net none -global isa-debugcon.iobase=0x402 -debugcon file:debug.log', 'https://gist.github.com/Joursoir/7172f705304f370447766a50cf764b78', /^-drive format=raw,file=fat:.*write --add/),
    refused('qemu-system-x86_64 -serial tcp:localhost:44428 -monitor telnet:localhost:2010,server,nowait -drive file=OVMF_CODE-amd64.fd,if=pflash,format=raw,unit=0,readonly=on -drive file=OVMF_VARS-amd64.fd,if=pflash,format=raw,unit=1 -m 1024 -drive file=master-default.img,format=raw,if=virtio -device virtio-rng-pci', 'https://pastebin.com/HjJPZpma', /^-monitor telnet:.*want stdio, unix:PATH or tcp:/),
    refused('qemu-system-x86_64 -icount shift=auto,rr=replay,rrfile=record.bin,rrsnapshot=init -net none -drive file=empty.qcow2,if=none,id=rr', 'https://www.qemu.org/docs/master/system/replay.html (as of QEMU 7.2)', /^-icount shift=auto,rr=.*equal runs with --icount/),
  ],
};
