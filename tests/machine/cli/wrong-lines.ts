/**
 * Wrong command lines, and what must be said of each. `@FOLDER` is a folder, `@BLANK` an image without a boot sector, `@QCOW` a qcow2 image,
 * `@KERNEL` a file that is no kernel, `@NOWHERE` a path that is not there, `@PORT` a TCP port that is in use.
 */

export interface WrongLine {
  line: string;
  /** Each is found at the start of a line of its own: the option as typed, and the problem. */
  says: readonly string[];
}

const wrong = (line: string, ...says: string[]): WrongLine => ({ line, says });

export const WRONG_LINES: readonly WrongLine[] = [
  // Commands and options that are not there
  wrong('rnu', 'rnu: there is no such command. Did you mean run?'),
  wrong('guest bild --out x', 'guest bild: say "guest build", "guest import" or "guest headers". Did you mean build?'),
  wrong('guest headers tally.ko', '--out: is missing', 'tally.ko: "guest headers" takes options only.'),
  wrong('measure packet --add @NOWHERE', '--add @NOWHERE: cannot read @NOWHERE: there is no such file.'),
  wrong('measure packet --add @BLANK', '--add @BLANK: want a kernel module, FILE.ko.'),
  wrong('run -kernal x', '-kernal: there is no such option. Did you mean -kernel?'),
  wrong('run --kernl=x', '--kernl=x: there is no such option. Did you mean -kernel?'),
  wrong('run --guset amd64', '--guset: there is no such option. Did you mean --guest?'),
  wrong('run -nograhpic', '-nograhpic: there is no such option. Did you mean -nographic?'),
  wrong('run --limit-instruction 5', '--limit-instruction: there is no such option. Did you mean --limit-instructions?'),
  wrong('run --constructor', '--constructor: there is no such option.'),
  wrong('run --nographic=1', '--nographic=1: takes no value.'),
  wrong('run -kernel', '-kernel: needs a value after it: FILE.'),
  wrong('run -serial -nographic', '-serial: needs a value after it: TO.'),
  wrong('run vmlinux', 'vmlinux: is no option; a kernel comes after -kernel'),
  wrong('run a.img b.img', 'b.img: one disk can be given without an option'),
  wrong('run -s -qmp stdio', '-s: there is no gdb server yet', '-qmp stdio: there is no QMP'),
  wrong('completion fish', 'fish: want bash or zsh.'),
  wrong('help -kernal', '-kernal: is no command and no option.'),
  // Values
  wrong('run -m lots', '-m lots: "lots" is not a size such as 512M or 1G.'),
  wrong('run -m 64G', '-m 64G: a machine has at most 3072 MiB; write -m 3072.'),
  wrong('run -m 0', '-m 0: "0" is not a whole number of MiB.'),
  wrong('run --seed x', '--seed x: "x" is not a whole number.'),
  wrong('run --limit-ms 0', '--limit-ms 0: is a number of milliseconds'),
  wrong('run --limit-instructions -1', '--limit-instructions -1: "-1" is not a whole number.'),
  wrong('run -icount shift=11', '-icount shift=11: "shift=11" is none of shift=0 to shift=10'),
  wrong('run --icount --realtime', '--realtime: cannot be combined with --icount.'),
  wrong('run -rtc base=yesterday', '-rtc base=yesterday: base is utc, localtime or a date'),
  wrong('run -rtc bse=utc', '-rtc bse=utc: -rtc has no "bse". Did you mean base?'),
  wrong('run -cpu qemu46', '-cpu qemu46: there is no "qemu46"; write max. Did you mean qemu64?'),
  wrong('run -machine q53', '-machine q53: there is no board "q53"; write q35. Did you mean q35?'),
  wrong('run -machine q35,kernel-entry=phv -kernel @KERNEL', '-machine q35,kernel-entry=phv: kernel-entry is pvh, linux64, linux32, real16, multiboot, not "phv". Did you mean pvh?'),
  wrong('run -smp cpu=4', '-smp cpu=4: -smp has no "cpu". Did you mean cpus?'),
  wrong('run -accel kmv', '-accel kmv: there is no "kmv"; write tcg. Did you mean kvm?'),
  wrong('run -display sdl', '-display sdl: want none, curses.'),
  wrong('run -stats xml', '-stats xml: only json is there.'),
  wrong('run -action panic=explode', '-action panic=explode: panic is none, shutdown, exit-failure, not "explode".'),
  wrong('run -d int -D @FOLDER', '-d int: int is not logged; what can be: cpu_reset. Leave it out.'),
  // Cards
  wrong('run -device e100', '-device e100: there is no "e100". Did you mean e1000?'),
  wrong('run -device virtio-blk-pci,serail=x -drive if=none,id=d,file=@BLANK', '-device virtio-blk-pci,serail=x: virtio-blk-pci has no "serail". Did you mean serial?'),
  wrong('run --device=virtio-net,csum=maybe', '--device=virtio-net,csum=maybe: csum is on or off, not "maybe".'),
  wrong('run -device virtio-net-pci,addr=99z', '-device virtio-net-pci,addr=99z: addr "99z" is not a PCI device number'),
  wrong('run -device e1000,addr=1f', '-device e1000,addr=1f: addr: 31 is not a whole number from 1 to 30.'),
  wrong('run -device e1000,addr=5 -device pcnet,addr=5', '-device pcnet,addr=5: addr: there is a card at 5 already.'),
  wrong('run -device e1000,mac=52:54:00', '-device e1000,mac=52:54:00: mac: "52:54:00" is not a MAC address'),
  wrong('run -device e1000,netdev=n9', '-device e1000,netdev=n9: no netdev has the id "n9".'),
  wrong('run -device virtio-net,mq=on,queues=99', '-device virtio-net,mq=on,queues=99: queues: 99 is not a whole number from 1 to 8.'),
  wrong('run -device virtio-blk-pci', '-device virtio-blk-pci: needs drive=ID.'),
  wrong('run -device virtio-rng-pci,period=5', '-device virtio-rng-pci,period=5: max-bytes: period needs it.'),
  wrong('run -device virtconsole,chardev=c', '-device virtconsole,chardev=c: needs a -device virtio-serial-pci before it.'),
  wrong('run -device virtio-serial-pci -device virtserialport,nmae=x', '-device virtserialport,nmae=x: virtserialport has no "nmae". Did you mean name?'),
  wrong('run -global isa-debugcon.iobse=1', '-global isa-debugcon.iobse=1: isa-debugcon has no "iobse". Did you mean iobase?'),
  // Networks
  wrong('run -netdev usr,id=n', '-netdev usr,id=n: there is no network "usr". Did you mean user?'),
  wrong('run -netdev user', '-netdev user: id= is missing.'),
  wrong('run -netdev user,id=n,hostfwrd=tcp::1-:1', '-netdev user,id=n,hostfwrd=tcp::1-:1: user has no "hostfwrd". Did you mean hostfwd?'),
  wrong('run -netdev user,id=n -netdev null,id=n', '-netdev null,id=n: the id "n" is given twice.'),
  wrong('run -nic user,model=ne2k_pci', '-nic user,model=ne2k_pci: there is no "ne2k_pci": write e1000, pcnet or virtio-net-pci.'),
  wrong('run --guest builtin -nic user,hostfwd=tcp:127.0.0.1:@PORT-:80', '-nic user,hostfwd=tcp:127.0.0.1:@PORT-:80: '),
  // Disks
  wrong('run -drive fiel=x', '-drive fiel=x: -drive has no "fiel". Did you mean file?'),
  wrong('run -drive file=@NOWHERE', '-drive file=@NOWHERE: cannot read @NOWHERE: there is no such file.'),
  wrong('run -drive file=@QCOW', '-drive file=@QCOW: @QCOW is no raw image: write -drive file=@QCOW,format=qcow2.'),
  wrong('run -drive format=qcow2,file=@BLANK', '-drive format=qcow2,file=@BLANK: @BLANK is no qcow2 image.'),
  wrong('run -drive format=vmdk,file=@BLANK', '-drive format=vmdk,file=@BLANK: raw and qcow2 images are read; qemu-img convert'),
  wrong('run -hdc @BLANK -cdrom @BLANK', '-cdrom @BLANK: bus: ide.2 has a drive already.'),
  wrong('run -drive if=ide,index=6,file=@BLANK', '-drive if=ide,index=6,file=@BLANK: bus: "ide.6" is not there: the controller has ide.0 to ide.5.'),
  wrong('run -device ide-hd,bus=ide.0', '-device ide-hd,bus=ide.0: needs drive=ID.'),
  wrong('run -device ide-cd,bus=x.0', '-device ide-cd,bus=x.0: no controller has the id "x".'),
  wrong('run -device ide-cd,bus=first', '-device ide-cd,bus=first: bus: "first" is no bus such as ide.0'),
  wrong('run -device piix3-ide,id=p -device ide-cd,bus=p.1,unit=2', '-device ide-cd,bus=p.1,unit=2: unit: 2 is not there: a bus has units 0 and 1.'),
  wrong('run -fda @NOWHERE', '-fda @NOWHERE: cannot read'),
  wrong('run -device floppy,unit=2', '-device floppy,unit=2: unit: 2 is not there: a bus has units 0 and 1.'),
  wrong('run -boot order=x @BLANK', '-boot order=x: "x" is none of a (floppy), c (disk), d (CD) and n (network).'),
  wrong('run -drive file=@BLANK,cache=fast', '-drive file=@BLANK,cache=fast: cache is writeback, writethrough, none, directsync, unsafe, not "fast".'),
  // Files, consoles, guests
  wrong('run -kernel @FOLDER -initrd @NOWHERE', '-kernel @FOLDER: cannot read @FOLDER: it is a folder.', '-initrd @NOWHERE: cannot read @NOWHERE: there is no such file.'),
  wrong('run -kernel @KERNEL', '-kernel @KERNEL: '),
  wrong('run --guest builtin -serial file:@NOWHERE/x', '-serial file:@NOWHERE/x: cannot write @NOWHERE/x: there is no such folder.'),
  wrong('run --guest builtin -serial unix:@NOWHERE', '-serial unix:@NOWHERE: @NOWHERE cannot be connected to: there is no such file.'),
  wrong('run --guest builtin -serial stdo', '-serial stdo: want stdio, null, file:PATH, tcp:HOST:PORT, unix:PATH or chardev:ID. Did you mean stdio?'),
  wrong('run -chardev scoket,id=c', '-chardev scoket,id=c: there is no "scoket".'),
  wrong('run -chardev socket,id=c,pth=/x', '-chardev socket,id=c,pth=/x: socket has no "pth". Did you mean path?'),
  wrong('run --guest adm64', '--guest adm64: there is no guest "adm64". Did you mean amd64?'),
  wrong('run --add @NOWHERE -- ls', '--add @NOWHERE: cannot read @NOWHERE: there is no such file.'),
  wrong('run --', '--: needs a command after it.'),
  wrong('run -kernel @KERNEL -- ls', '--: a command needs a prepared guest (--guest), not -kernel.'),
  wrong('guest import @NOWHERE --out @FOLDER', '@NOWHERE: cannot read @NOWHERE: there is no such file.'),
  wrong('qtest -m x -device e100', '-device e100: there is no "e100".', '-m x: "x" is not a size'),
  // All at once
  wrong('run -kernal k -m 9T -device e1000,addr=zz -netdev usr,id=n -drive flie=x -rtc base=never -cpu hots', '-kernal: ', '-m 9T: ', '-device e1000,addr=zz: ', '-netdev usr,id=n: ', '-drive flie=x: ', '-rtc base=never: ', '-cpu hots: there is no "hots"; write max. Did you mean host?'),
];
