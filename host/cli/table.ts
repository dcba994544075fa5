/**
 * The options of all commands, one row each: parser, help, completion and the checks of values read them. Nothing here loads anything but tables:
 * `pintail help` costs what Node costs. QEMU's options that are not here are in elsewhere.ts, with what to write instead.
 */

import { LIMIT_ROWS } from '../relay/limits.js';

export { ELSEWHERE } from './elsewhere.js';

export type CommandName = 'run' | 'qtest' | 'guest build' | 'guest import' | 'guest headers' | 'guest pktlab' | 'snapshot info' | 'snapshot verify' | 'snapshot diff' | 'snapshot iommu' | 'iommu' | 'measure packet' | 'measure rate' | 'measure' | 'trace' | 'relay' | 'completion' | 'version' | 'help';

export type Group = 'What to boot' | 'The machine' | 'Disks' | 'Folders' | 'Network' | 'Consoles and ports' | 'Time' | 'What is told, and how it ends' | 'As QEMU has them' | 'Options';

export interface OptionRow {
  name: string;
  /** What it is kept under where two options are told apart by their dashes; default its name. */
  key?: string;
  /** Other spellings. */
  also?: readonly string[];
  /** `setting`: a word after it only when that is NAME=VALUE. */
  takes: 'nothing' | 'value' | 'setting';
  /** What the value is called. */
  value?: string;
  about: string;
  group: Group;
  commands: readonly CommandName[];
  /** Of this project, and so written with two dashes. */
  own?: true;
  /** All the values there are. */
  only?: readonly string[];
  /** What completion offers beside the words of `only` and of its topic. */
  offers?: readonly string[];
  files?: 'file' | 'folder';
  /** `help` as its value lists what there is (topics.ts). */
  topic?: true;
}

/** How an option is written. */
export function spell(row: OptionRow, name = row.name): string {
  return name.length > 1 && row.own ? `--${name}` : `-${name}`;
}

type Extra = Partial<Pick<OptionRow, 'also' | 'takes' | 'value' | 'only' | 'offers' | 'files' | 'topic' | 'own' | 'key'>>;

/** Rows of a group, for commands. */
function rowsOf(group: Group, commands: readonly CommandName[], rows: readonly [name: string, about: string, extra?: Extra][]): OptionRow[] {
  return rows.map(([name, about, extra = {}]) => ({ name, about, group, commands, takes: extra.value === undefined ? 'nothing' : 'value', ...extra }));
}

const RUN = ['run'] as const;
const BOARD = ['run', 'qtest'] as const;
const GUEST = ['guest build', 'guest import'] as const;
const MEASURE = ['measure packet', 'measure rate', 'measure'] as const;
const TRAFFIC = ['measure packet', 'measure rate'] as const;
const PACKET = ['measure packet'] as const;
const TRACE = ['trace'] as const;
const SNAPSHOT = ['snapshot info', 'snapshot verify', 'snapshot diff', 'snapshot iommu'] as const;

const HELP_ROWS: readonly OptionRow[] = [
  { name: 'help', also: ['h'], takes: 'nothing', own: true, about: 'this list', group: 'Options', commands: [...BOARD, ...GUEST, 'guest headers', 'guest pktlab', ...SNAPSHOT, 'iommu', ...MEASURE, 'trace', 'relay', 'completion', 'version', 'help'] },
];

const JSON_ROW: readonly OptionRow[] = [
  { name: 'json', takes: 'nothing', own: true, about: 'what is printed, faults too, as JSON', group: 'Options', commands: [...BOARD, ...GUEST, 'guest headers', 'guest pktlab', ...SNAPSHOT, 'iommu', ...MEASURE, 'trace', 'version', 'help'] },
];

const MACHINE_ROW: readonly OptionRow[] = [
  { name: 'm', takes: 'value', value: 'MACHINE', about: 'a snapshot\'s file, or the monitor of a machine that runs: unix:PATH or tcp:HOST:PORT', group: 'Options', commands: ['iommu'] },
];

const BOOT = rowsOf('What to boot', RUN, [
  ['guest', 'amd64 or i386 (made once from Debian\'s packages), builtin, or a folder of "guest build". Default amd64, where nothing else is named', { offers: ['amd64', 'i386', 'builtin'], value: 'NAME', own: true, files: 'folder' }],
  ['add', 'puts a file or folder into the guest\'s first file system; may be repeated', { value: 'HOST[:GUEST]', own: true, files: 'file' }],
  ['cold', 'boots a prepared guest, also where a machine that waits for a command is kept in the cache to go on from', { own: true }],
  ['kernel', 'a bzImage or ELF kernel', { value: 'FILE', files: 'file' }],
  ['initrd', "its initial file system; for a multiboot kernel modules: 'FILE TEXT,FILE TEXT'", { value: 'FILE', files: 'file' }],
  ['module', 'a file for a multiboot kernel; may be repeated (-initrd is the first)', { value: "'FILE TEXT'", files: 'file' }],
  ['bios', 'a ROM image instead of a kernel; its console is COM1. A disk without a kernel is booted by SeaBIOS, which is fetched once', { value: 'FILE', files: 'file' }],
  ['append', 'kernel command line; for a guest, added to its own', { value: 'TEXT' }],
  ['clones', 'so many machines of one state in one process and on one switch, each with a seed and a network address of its own, that run the -- COMMAND; what they write has their number before each line', { value: 'N', own: true }],
  ['snapshot', 'goes on from a machine that was saved (Ctrl-A s), with the cards and disks it had; by http, too, of which parts are fetched as they are touched', { value: 'FILE', own: true, files: 'file', key: 'restore' }],
  ['boot', 'what is tried first: order=dc (a floppy, c disk, d CD), once= for the first start, menu=on', { offers: ['order=', 'once=', 'menu=on'], value: 'order=LETTERS[,...]' }],
]);

const MACHINE = rowsOf('The machine', BOARD, [
  ['m', 'memory, in MiB or with a suffix (512M, 1G); default 256M', { also: ['memory'], value: 'SIZE' }],
  ['machine', 'q35, the one board; kernel-entry=NAME says how a kernel starts: pvh, linux64, linux32, real16 or multiboot', { also: ['M'], value: 'q35[,...]', topic: true }],
  ['cpu', 'the one processor there is: max; QEMU\'s other models run on it, with a note', { value: 'MODEL', topic: true }],
  ['device', 'a card or a debug device; -device help lists them, -device MODEL,help what each takes', { value: 'MODEL[,...]', topic: true }],
  ['seed', 'for everything random in the machine; default 1', { value: 'N', own: true }],
  ['rtc', 'the date at start, base=utc, base=localtime or base=2026-11-22T12:00:00, and whether it follows the host\'s clock (clock=host, the default with --realtime or a user network) or the machine\'s time (clock=vm)', { offers: ['base=utc', 'base=localtime', 'clock=host', 'clock=vm'], value: 'base=...' }],
]);

const JIT = rowsOf('The machine', RUN, [
  ['jit', 'hot code is translated to WebAssembly: on (compiled beside the run, the default), sync (at once), off; threshold=N: once a block has run N instructions', { offers: ['on', 'sync', 'off'], value: 'MODE[,threshold=N]', own: true }],
]);

const DISKS = rowsOf('Disks', BOARD, [
  ['drive', 'a virtio disk; -drive help lists what it takes (snapshot=on, overlay=FILE, cache=MODE...)', { value: 'file=PATH[,...]', topic: true, files: 'file' }],
  ['pflash', 'firmware in a flash chip, a raw image: the first is the code, a second one its variables, which last', { value: 'FILE', files: 'file' }],
  ['hda', 'a disk on port 0 of the AHCI controller, /dev/sda; -hdb to -hdd on ports 1 to 3', { also: ['hdb', 'hdc', 'hdd'], value: 'FILE', files: 'file' }],
  ['fda', 'a diskette in the floppy drive A:, 160 KB to 2.88 MB; -fdb in B:', { also: ['fdb'], value: 'FILE', files: 'file' }],
  ['cdrom', 'a CD in a drive on port 2, /dev/sr0', { value: 'FILE', files: 'file' }],
  ['snapshot', 'what is written to any disk is forgotten at the end'],
]).concat(rowsOf('Disks', RUN, [
  ['with-disks', 'Ctrl-A s puts what is on the disks into the file, too: who goes on from it needs none', { own: true }],
]));

const FOLDERS = rowsOf('Folders', BOARD, [
  ['virtfs', 'a folder of the host, which a prepared guest mounts at /mnt when the tag is host: mount -t 9p TAG /mnt', { value: 'local,path=FOLDER,mount_tag=TAG[,...]', topic: true }],
  ['fsdev', 'the same for a -device virtio-9p-pci,fsdev=ID,mount_tag=TAG', { value: 'local,id=ID,path=FOLDER[,...]', topic: true }],
]);

const NETWORK = rowsOf('Network', BOARD, [
  ['nic', 'a card and its network in one; default: a virtio-net card on the user network; -nic none: no card', { value: 'TYPE[,model=M,...]', topic: true }],
  ['netdev', 'a network for -device CARD,netdev=ID: user (the host\'s own sockets; hostfwd=tcp::8080-:80), stream, dgram, hubport, websocket, broadcast, null', { value: 'TYPE,id=ID[,...]', topic: true }],
  ['net', 'the older way: -net nic,model=M -net user', { value: 'nic|user|none[,...]', topic: true }],
]);

const CONSOLES = [
  ...rowsOf('Consoles and ports', BOARD, [
    ['serial', 'for COM1, again for COM2...: stdio, null, file:PATH, tcp:HOST:PORT, unix:PATH (,server=on,wait=off) or chardev:ID', { value: 'TO', topic: true }],
    ['chardev', 'stdio, file, socket or null, for consoles, ports and serial lines', { value: 'TYPE,id=ID[,...]', topic: true }],
  ]),
  ...rowsOf('Consoles and ports', RUN, [
    ['debugcon', 'what the guest writes to port 0xe9: stdio, null, file:PATH; -device isa-debugcon,iobase=0x402 moves it', { offers: ['stdio', 'null', 'file:'], value: 'TO' }],
    ['echr', 'the character of Ctrl-A: its number, 0x02 for Ctrl-B', { value: 'CODE' }],
  ]),
];

const TIME = rowsOf('Time', RUN, [
  ['icount', 'time is the instruction count (default unless a terminal is attached); no network card by default then. shift=N: 2^N ns an instruction, 0 to 10', { offers: ['shift='], takes: 'setting', value: 'shift=N' }],
  ['realtime', 'time follows the wall (default with a terminal)', { own: true }],
]);

const TOLD = rowsOf('What is told, and how it ends', RUN, [
  ['verbose', 'boot messages and what is being done, on stderr', { also: ['v'], own: true }],
  ['stats', 'counters as JSON on stderr at the end', { value: 'json', only: ['json'], own: true }],
  ['attribute', 'whose the instructions of regions were, by function (docs/measuring.md), for a -- COMMAND; as the name ends, .txt (a table), .folded, .speedscope.json, .perf (perf script), .pb (pprof); may be repeated', { value: 'FILE', own: true, files: 'file' }],
  ['program', 'a program or library that the guest runs, by whose symbols --attribute names functions: one with symbols, for a stripped one in the guest has none; those that the command names are read in the guest; may be repeated', { value: 'FILE', own: true, files: 'file' }],
  ['roi', 'a function of the guest\'s kernel that is a region, from its entry to its return, for a -- COMMAND; may be repeated', { value: 'FUNCTION', own: true }],
  ['trace', 'what happens to devices, each with its tick: a pattern such as e1000-0:* is told on stderr line by line, file=FILE has everything ("pintail trace FILE"); may be repeated', { value: 'DEVICE:WHAT|file=FILE' }],
  ['dump-ir', 'the intermediate form of the code at a linear address, on stderr when it is translated; may be repeated', { value: 'ADDRESS', own: true }],
  ['dump-wasm', 'the module with what the code at an address became, as a file pintail-ADDRESS.wasm; may be repeated', { value: 'ADDRESS', own: true }],
  ['jit-symbols', 'names for translated code in profiles of Node: a System.map, or what /proc/kallsyms says in the guest', { value: 'FILE', own: true, files: 'file' }],
  ['limit-instructions', 'ends the machine there, with status 124', { value: 'N', own: true }],
  ['limit-ms', 'the same after so much time of the wall', { value: 'N', own: true }],
  ['no-reboot', 'a reset ends the process, with status 0, instead of starting the machine again'],
  ['action', 'panic=none, shutdown or exit-failure (a kernel\'s panic; default exit-failure with "--" and -no-reboot, else none); reboot=reset or shutdown', { value: 'EVENT=WHAT', topic: true }],
  ['d', 'what is logged: cpu_reset, the registers at a reset or triple fault', { value: 'ITEMS', topic: true }],
  ['D', 'the file that -d writes to, instead of stderr', { value: 'FILE', files: 'file' }],
  ['pidfile', 'the number of this process is in it while the machine is there', { value: 'FILE', files: 'file' }],
]);

const AS_QEMU = [
  ...rowsOf('As QEMU has them', BOARD, [
    ['accel', 'how instructions run: here, always by translation to WebAssembly', { value: 'NAME', topic: true }],
    ['smp', 'processors: there is one', { value: 'N' }],
    ['nodefaults', 'no network card by default'],
    ['nographic', 'as it is anyway'],
    ['display', 'curses: text modes of the screen in this terminal, which is its keyboard then; none, the default', { value: 'none|curses', only: ['none', 'curses'] }],
    ['vga', 'a screen: std, a VGA with modes up to 1920x1080; default none', { value: 'std|none', only: ['std', 'none'] }],
    ['monitor', 'takes a few commands of QEMU\'s (screendump, sendkey, quit; help lists them): unix:PATH or tcp:HOST:PORT (,server=on,wait=off), stdio where no port has it, or none', { offers: ['stdio', 'none', 'unix:', 'tcp:'], value: 'TO' }],
    ['parallel', 'none is there', { value: 'none', only: ['none', 'null'] }],
    ['audio', 'none is there', { value: 'none', only: ['none'] }],
    ['global', 'a property for all devices of a model: isa-debugcon.iobase=0x402', { value: 'MODEL.NAME=VALUE' }],
    ['object', 'rng-random and rng-builtin, for virtio-rng-pci: numbers come from --seed; secret, for the password of -vnc', { value: 'TYPE,id=ID', topic: true }],
    ['name', 'a name for people; process=NAME is shown by ps', { value: 'NAME' }],
    ['no-user-config', 'there is none to read'],
  ]),
  ...rowsOf('As QEMU has them', RUN, [
    ['enable-kvm', 'taken, with a note: KVM is not used', { also: ['no-kvm'] }],
    ['no-shutdown', 'taken, with a note: the machine ends when the guest switches off'],
    ['vnc', 'the screen for VNC viewers, at TCP port 5900 + N: 127.0.0.1:N, or none; with password-secret=ID of an -object secret from elsewhere, too', { offers: ['none', '127.0.0.1:'], value: '127.0.0.1:N' }],
    ['localtime', 'as -rtc base=localtime'],
    ['usb', 'taken, with a note: there is no USB'],
    ['k', 'taken, with a note: there is no keyboard to lay out', { value: 'LANGUAGE' }],
    ['L', 'taken, with a note: the BIOS comes from Debian\'s package, or by -bios', { value: 'FOLDER' }],
    ['no-fd-bootchk', 'there is no floppy to check'],
    ['sandbox', 'taken, with a note: the machine is inside WebAssembly', { value: 'on|off' }],
    ['msg', 'taken, with a note: messages are as they are', { value: 'timestamp=on' }],
  ]),
];

const QTEST = rowsOf('Options', ['qtest'], [
  ['qtest', 'where the protocol is spoken: stdio (default), unix:PATH or tcp:HOST:PORT, with server=on to listen', { value: 'PLACE' }],
  ['listen', 'the same, listening', { value: 'PLACE', own: true }],
  ['qtest-log', 'a file for what is said', { value: 'FILE', files: 'file' }],
  ['mon', 'a monitor on a chardev', { value: 'chardev=ID' }],
  ['no-reboot', 'taken: nothing here reboots'],
  ['S', 'taken: the processor does nothing'],
]);

const CHARGES = rowsOf('Time', RUN, [['charge', 'what accesses, doorbells and interrupts cost in virtual time, by a table: kvm-kernel, kvm-user, hosted-2001, exit-2009, register-2013, e1000-2013, or a file of yours; devices are instant without', { value: 'NAME|FILE.json', own: true, files: 'file' }]]);

const GUESTS = [
  ...rowsOf('Options', GUEST, [['guest', 'what it is made of: amd64 (default) or i386', { value: 'NAME', own: true, only: ['amd64', 'i386'] }]]),
  ...rowsOf('Options', ['guest build'], [
    ['out', 'the folder for kernel, initrd and manifest.json', { value: 'FOLDER', own: true, files: 'folder' }],
    ['snapshot', 'puts the guest, booted to its prompt, beside its kernel: what has the folder goes on from there', { own: true, key: 'waiting' }],
    ['packages', 'a root file system of these Debian packages and all they need, on a disk: NAME,NAME', { value: 'NAMES', own: true }],
  ]),
  ...rowsOf('Options', ['guest headers'], [['out', 'the folder for them, some 80 MB; then: make -C FOLDER/build M=$PWD', { value: 'FOLDER', own: true, files: 'folder' }]]),
  ...rowsOf('Options', ['guest pktlab'], [['out', 'the file for it, an ELF image of some 8 KB', { value: 'FILE', own: true, files: 'file' }]]),
  ...rowsOf('Options', ['guest import'], [['out', 'the folder for the guest; default the archive\'s name', { value: 'FOLDER', own: true, files: 'folder' }]]),
];

const MEASURES = [
  ...rowsOf('Options', TRAFFIC, [
    ['card', 'which cards; default all', { value: 'virtio-net,e1000,pcnet', own: true }],
    ['size', 'bytes of a frame without FCS, 60 to 1514; default 60', { value: 'N,N...', own: true }],
    ['driver', 'a parameter of the driver\'s module, for one --card; may be repeated', { value: 'NAME=VALUE', own: true }],
  ]),
  ...rowsOf('Options', ['measure rate'], [
    ['count', 'frames of a trial, at least 1000; default 20000', { value: 'N', own: true }],
    ['charge', 'a table by which accesses, doorbells and interrupts take virtual time; devices are instant without', { value: 'NAME|FILE.json', own: true, files: 'file' }],
  ]),
  ...rowsOf('Options', PACKET, [
    ['dir', 'sent or received by the guest; default both', { value: 'tx,rx', own: true }],
    ['count', 'frames that are measured, at least 1000; default 5000', { value: 'N', own: true }],
    ['warm-up', 'frames before them; default 500', { value: 'N', own: true }],
    ['rate', 'frames a second that are received; default 20000', { value: 'N', own: true }],
    ['speed', 'bits a second of the line; without, the device is instant', { value: '100M', own: true }],
    ['fifo', 'bytes between the card and such a line, in which a frame is done for the card; 0: at its last bit; default 16384', { value: 'BYTES', own: true }],
    ['iommu', 'how the kernel uses a remapping unit: none (there is none), off, passthrough, lazy, strict, copy; default none', { value: 'MODE[,MODE]', own: true }],
    ['figure', 'a picture of the rows: a bar each, in layers by what the functions are for', { value: 'FILE.svg', own: true, files: 'file' }],
  ]),
  ...rowsOf('Options', MEASURE, [['add', 'a kernel module of yours, loaded before anything is measured; one named as the driver of a card takes its place; may be repeated', { value: 'FILE.ko', own: true, files: 'file' }]]),
  ...rowsOf('Options', ['measure'], [
    ['out', 'the folder for the report: result.json, result.csv, table.tex, index.html, CITATION.cff, README.md', { value: 'DIR', own: true, files: 'folder' }],
    ['shard', 'of several experiments every Nth from the Ith on, for N processes or machines; "measure merge DIR..." puts their folders together', { value: 'I/N', own: true }],
    ['resume', 'what is whole in --out DIR is not run again', { own: true }],
    ['verify', 'runs what such a folder holds again, and says whether all is equal', { value: 'DIR', own: true, files: 'folder' }],
  ]),
  ...rowsOf('Options', TRACE, [
    ['packet', 'the life of one packet that a card has sent, counted from 1 in the file', { value: 'N', own: true }],
    ['rx', 'one that it has received', { own: true }],
    ['card', 'whose, where several have: e1000-0, virtio-net0', { value: 'CARD', own: true }],
    ['perfetto', 'trace events for ui.perfetto.dev', { own: true }],
    ['annotate', 'a capture of the same run (pcap=FILE): each frame of the card gets its life as a comment, in the file of --out', { value: 'FILE.pcapng', own: true, files: 'file' }],
    ['netdev', 'whose frames, where the capture has several netdevs', { value: 'ID', own: true }],
    ['out', 'the capture with comments', { value: 'FILE.pcapng', own: true, files: 'file' }],
  ]),
  ...rowsOf('Options', PACKET, [['charge', 'a table of what events would cost, for modelled cycles: kvm-kernel, kvm-user, hosted-2001, exit-2009, register-2013, e1000-2013, or a file of yours (docs/measuring.md)', { value: 'NAME|FILE.json', own: true, files: 'file' }]]),
];

const RELAY = rowsOf('Options', ['relay'], [
  ['listen', 'where: PORT (on 127.0.0.1), ADDRESS:PORT or [ADDRESS]:PORT; default 127.0.0.1:6001, port 0: a free one', { value: '[ADDRESS:]PORT', own: true }],
  ['token', 'what a client has to know (ws://...?token=TOKEN); needed where others than this machine can reach the address', { value: 'TOKEN', own: true }],
  ['token-file', 'the same, out of a file: others on this machine see command lines', { value: 'FILE', own: true, files: 'file' }],
  ['origin', 'pages of this origin are allowed, beside those of this machine: https://example.org, or "*"; may be repeated', { value: 'ORIGIN', own: true }],
  ['allow', 'a range of addresses that streams may lead to although it is private or this machine\'s own; may be repeated', { value: 'ADDRESS/BITS', own: true }],
  ['join', 'puts a network on the switch NAME: lan=stream,server=on,addr.type=inet,addr.port=7000 for a QEMU, lan=user for a way out; may be repeated', { value: 'NAME=NETDEV', own: true }],
  ...Object.values(LIMIT_ROWS).flatMap((row): [string, string, Extra][] => ('option' in row ? [[row.option, `${row.about}; default ${row.value}`, { value: 'N', own: true }]] : [])),
]);

export const OPTIONS: readonly OptionRow[] = [
  ...BOOT, ...MACHINE, ...JIT, ...DISKS, ...FOLDERS, ...NETWORK, ...CONSOLES, ...TIME, ...TOLD, ...QTEST, ...CHARGES, ...GUESTS, ...MEASURES, ...RELAY, ...AS_QEMU, ...MACHINE_ROW, ...JSON_ROW, ...HELP_ROWS,
];

/** The options of a command. */
export function optionsOf(command: CommandName): OptionRow[] {
  return OPTIONS.filter(({ commands }) => commands.includes(command));
}

export interface CommandRow {
  name: CommandName;
  usage: string;
  about: string;
}

export const COMMANDS: readonly CommandRow[] = [
  { name: 'run', usage: 'run [options] [-- COMMAND ARGS...]', about: 'boots a machine with its console in this terminal, or runs one command in a guest' },
  { name: 'guest build', usage: 'guest build [--guest amd64|i386] [--packages NAME,NAME | --snapshot] --out DIR', about: 'makes a guest of Debian\'s packages, for another machine or a web server' },
  { name: 'guest import', usage: 'guest import ROOTFS.tar [--out DIR]', about: 'makes a guest of a root file system of your own' },
  { name: 'guest headers', usage: 'guest headers --out DIR', about: 'what a kernel module of yours for the amd64 guest is compiled against (docs/measuring.md)' },
  { name: 'guest pktlab', usage: 'guest pktlab --out FILE', about: 'a small kernel whose drivers do to network cards what a paper\'s did; runs on QEMU, too (docs/measuring.md)' },
  { name: 'snapshot info', usage: 'snapshot info FILE', about: 'what machine a snapshot is of, and its sections' },
  { name: 'snapshot verify', usage: 'snapshot verify FILE', about: 'holds all of a snapshot against its digests' },
  { name: 'snapshot diff', usage: 'snapshot diff FILE OTHER', about: 'which sections and pages of two snapshots differ' },
  { name: 'snapshot iommu', usage: 'snapshot iommu FILE', about: 'who maps what in a snapshot\'s remapping unit, and what it keeps that its tables no longer say' },
  { name: 'iommu', usage: 'iommu -m MACHINE', about: 'the same of a machine: a snapshot\'s file, or one that runs, by its monitor (unix:PATH, tcp:HOST:PORT)' },
  { name: 'measure packet', usage: 'measure packet [options]', about: 'what one packet costs: instructions, accesses by register, interrupts, descriptors, bytes (docs/measuring.md)' },
  { name: 'measure rate', usage: 'measure rate [options]', about: 'the highest rate at which a card\'s frames are all received, to 1 % (as RFC 2544 has it; docs/measuring.md)' },
  { name: 'measure', usage: 'measure EXPERIMENT|FILE.json|all|list|compare A B|merge DIR... [options]', about: 'experiments of the literature, ours beside the paper\'s, with a report (docs/measuring.md)' },
  { name: 'trace', usage: 'trace FILE [--packet N] [options]', about: 'what a file of "run -trace file=FILE" has: every event, or one packet\'s life (docs/measuring.md)' },
  { name: 'qtest', usage: 'qtest [options]', about: 'the board without its processor, over QEMU\'s qtest protocol, for device tests (docs/qtest.md)' },
  { name: 'relay', usage: 'relay [--listen [ADDRESS:]PORT] [--token-file FILE] [options]', about: 'carries connections of machines in pages, and Ethernet between machines, over WebSockets (docs/relay.md)' },
  { name: 'completion', usage: 'completion bash|zsh', about: 'prints what makes the Tab key complete: eval "$(pintail completion bash)"' },
  { name: 'help', usage: 'help [COMMAND | OPTION]', about: 'this page, or what it says of a command or an option' },
  { name: 'version', usage: 'version', about: 'prints the version' },
];
