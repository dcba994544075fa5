/** What `pintail help` prints. */

export const HELP = `pintail: an x86-64 machine inside one WebAssembly module

  pintail run [options] [-- COMMAND ARGS...]
  pintail guest build [--guest amd64|i386] --out DIR
  pintail guest import rootfs.tar [--out DIR]
  pintail qtest [options] [-qtest stdio | -qtest unix:PATH | --listen tcp:HOST:PORT]
  pintail help | version

run boots a machine with its console in this terminal. Ctrl-A x ends it, Ctrl-A h lists the keys. With "-- COMMAND" it
runs the command in the guest, gives what the command wrote and nothing else, and ends with the command's status. Lines from a
pipe are typed when the guest waits for them, and Ctrl-D after the last.

What to boot (default: --guest amd64)
  --guest NAME         amd64 or i386 (made once from Debian's packages), builtin, or a folder of "guest build"
  --add HOST[:GUEST]   puts a file or folder into the guest's first file system; may be repeated
  -kernel FILE         a bzImage or ELF kernel
  -initrd FILE         its initial file system
  -module 'FILE TEXT'  a file for a multiboot kernel; may be repeated (-initrd is the first)
  -bios FILE           a ROM image, such as SeaBIOS, instead of a kernel; its console is COM1
  -append TEXT         kernel command line; for a guest, added to its own

The machine
  -m SIZE              memory, in MiB or with a suffix (512M, 1G); default 256M
  -cpu max             the one processor there is; kvm=off hides KVM's leaves and its clock from the guest, kvmclock=off the clock
                       alone, x2apic=off the x2APIC (-cpu max,kvm=off)
  -serial TO           for COM1, again for COM2...: stdio, mon:stdio, null, file:PATH
  -nic TYPE,model=M    a card on a netdev in one; default: a virtio-net card on the user network; -nic none: no card
  -netdev user,id=ID   a network of the host's own sockets: restrict=on, loopback=on (10.0.2.2 is the host's loopback),
                       allow=RANGE, hostfwd=tcp::8080-:80; also stream, dgram, hubport, null
  -device virtio-net-pci,netdev=ID
                       a network card: mac=, addr=, host_mtu=, vectors=, disable-legacy=on, FEATURE=off (csum, mrg_rxbuf...)
  -device e1000,netdev=ID
                       an Intel 82540EM: mac=, addr=
  -device pcnet,netdev=ID
                       an AMD PCnet-PCI II: mac=, addr=
  -drive file=PATH     a virtio disk: readonly=on, snapshot=on (writes are forgotten), overlay=FILE (writes go there), cache=MODE,
                       discard=unmap, if=none,id=ID for -device virtio-blk-pci,drive=ID: num-queues=, serial=
  -device virtio-rng-pci
                       random numbers from the machine's seed; max-bytes=, period= (ms)
  -chardev TYPE,id=ID  stdio, file (path=), socket (path= or host=, port=, server=on, wait=off) or null, for the ports of
  -device virtio-serial-pci -device virtconsole,chardev=ID -device virtserialport,chardev=ID,name=NAME
                       a console (hvc0) and ports of bytes
  -machine q35,kernel-entry=NAME
                       how the kernel starts: pvh, linux64, linux32, real16 (its own setup code, over BIOS services) or
                       multiboot; default the first that it has
  -debugcon TO         what the guest writes to port 0xe9: stdio, null, file:PATH; -device isa-debugcon,iobase=0x402 moves it
  -device isa-debug-exit,iobase=0x501,iosize=4
                       ends with status value * 2 + 1 when the guest writes there (always there; this moves it)
  -nographic           as it is anyway; so are -nodefaults, -display none, -machine q35, -smp 1
  -no-reboot           a reset ends the process, with status 0, instead of restarting the machine
  --icount             time is the instruction count (default unless a terminal is attached); given so, or with
                       -nic none, there is no card by default and equal runs are equal
  -icount shift=N      as --icount, with 2^N ns of virtual time an instruction, N from 0 (default) to 10
  --realtime           time follows the wall (default with a terminal)
  --seed N             for everything random in the machine; default 1

What is told
  -v                   boot messages and what is being done, on stderr
  --stats json         counters as JSON on stderr at the end
  --limit-instructions N, --limit-ms N
                       ends the machine there, with status 124

qtest is the board without its processor, for device tests: QEMU's qtest protocol on standard input and output or a socket, with -m,
-netdev, -device, -drive and -nic as above. docs/qtest.md.

Exit status: 0 power off (or the guest's own code by debug exit), the command's status with "--", 2 bad arguments,
1 other errors, 124 a limit, 131 triple fault, 132 halted for good, 130 Ctrl-A x.
`;
