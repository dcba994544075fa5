/** QEMU's options that are not here, and what to write instead. A test holds them to the list of QEMU 7.2. */

export interface ElsewhereRow {
  names: readonly string[];
  /** Whether a value follows. */
  takes: boolean;
  instead: string;
}

const NO_MONITOR = 'there is no QMP; write -monitor unix:PATH,server=on,wait=off for a monitor of lines.';
const NO_GDB = 'there is no gdb server yet; leave it out. -d cpu_reset logs the registers at a reset or triple fault.';
const NO_DISPLAY = 'there is no window: write -vga std -display curses for a screen in this terminal, or leave it out: the console is the serial port.';
const NO_SOUND = 'there is no sound; leave it out.';
const NO_MIGRATION = 'a machine does not move; createMachine({snapshot}) goes on with one in a program.';

function row(names: string, takes: boolean, instead: string): ElsewhereRow {
  return { names: names.split(' '), takes, instead };
}

export const ELSEWHERE: readonly ElsewhereRow[] = [
  row('s', false, NO_GDB),
  row('S', false, 'a machine cannot start stopped: there is no monitor or gdb server to let it go. Leave it out.'),
  row('gdb', true, NO_GDB),
  row('qmp qmp-pretty mon', true, NO_MONITOR),
  row('curses sdl full-screen fullscreen no-frame show-cursor portrait win2k-hack', false, NO_DISPLAY),
  row('spice rotate g', true, NO_DISPLAY),
  row('soundhw audiodev', true, NO_SOUND),
  row('audio-help', false, NO_SOUND),
  row('sd mtdblock', true, 'there is no card or flash reader; write -drive file=FILE.'),
  row('blockdev', true, 'write -drive file=FILE,if=none,id=ID, which a -device virtio-blk-pci,drive=ID takes.'),
  row('set', true, 'write the property at its -device or -drive.'),
  row('iscsi', true, 'disks are files; write -drive file=FILE.'),
  row('usbdevice', true, 'there is no USB; leave it out.'),
  row('redir', true, 'write -nic user,hostfwd=tcp::HOSTPORT-:GUESTPORT.'),
  row('tftp bootp smb', true, 'write it at the network, as -nic user,tftp=FOLDER does.'),
  row('numa', true, 'there is one processor and one memory; leave it out.'),
  row('mem-path', true, 'the guest\'s memory is inside WebAssembly; leave it out.'),
  row('mem-prealloc', false, 'the guest\'s memory is inside WebAssembly; leave it out.'),
  row('add-fd compat overcommit plugin dfilter tb-size readconfig writeconfig dump-vmstate tpmdev', true, 'there is no such thing; leave it out.'),
  row('uuid smbios acpitable', true, 'the firmware\'s tables are fixed; leave it out.'),
  row('no-acpi', false, 'the board has ACPI; write acpi=off in -append.'),
  row('no-hpet', false, 'the board has an HPET; write nohpet or hpet=disable in -append.'),
  row('fw_cfg', true, 'items of fw_cfg cannot be added; leave it out.'),
  row('option-rom', true, 'there are no option ROMs; leave it out. To boot over a network write -kernel ipxe.lkrn.'),
  row('dtb', true, 'a PC has no device tree; leave it out.'),
  row('singlestep preconfig only-migratable async-teardown enable-sync-profile', false, 'there is no such thing; leave it out.'),
  row('xen-domid', true, 'Xen runs as a guest: -kernel xen -module vmlinuz.'),
  row('xen-attach xen-domid-restrict', false, 'Xen runs as a guest: -kernel xen -module vmlinuz.'),
  row('loadvm incoming', true, NO_MIGRATION),
  row('daemonize', false, 'it stays in the foreground; write & after the command, and -pidfile FILE.'),
  row('chroot runas', true, 'start it as that user, or in that root; leave it out.'),
  row('watchdog watchdog-action', true, 'there is no watchdog; leave it out.'),
  row('balloon', true, 'there is no balloon; leave it out.'),
];
