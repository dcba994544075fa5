/**
 * What runs first in a guest of ours, as files of its initial file system.
 *
 * In a prepared guest the kernel starts busybox's init, which by /etc/inittab runs /pintail/start once and then
 * /pintail/session on the console. In an imported one, whose /etc is its own, the kernel starts /pintail/init
 * (IMPORTED_INIT_ARGUMENT), which does the same two things itself. All scripts are run by /pintail/busybox, whose shell finds
 * its own applets first, so they depend on nothing else in the file system.
 *
 * Start-up is counted in guest instructions, and a fork with its exec costs about a million of them: so the scripts use
 * what the shell has built in, load modules only for devices that are there, and wait for nothing.
 */
import { roiTool } from '../../guest/roi.js';
import { directory, file, symlink, type FileEntry } from './files.js';
import { carryProgram } from '../../guest/carry.js';
import { AGENT_PORT, PROTOCOL_VERSION } from './protocol.js';

/** What is not in memory already: /tmp and /run are, as all of the root file system is. */
const FSTAB = `proc /proc proc defaults 0 0
sysfs /sys sysfs defaults 0 0
devtmpfs /dev devtmpfs mode=0755 0 0
`;

const INITTAB = `::sysinit:/pintail/start
::once:/pintail/busybox cttyhack /pintail/session
`;

const INTERPRETER = '#!/pintail/busybox sh';

const IMPORTED_INIT = `${INTERPRETER}
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
/pintail/start
# What busybox's and sysvinit's halt, poweroff and reboot ask process 1 for. A trap waits for a command, but not for wait.
trap 'halt -f' USR1
trap 'poweroff -f' USR2
trap 'reboot -f' TERM
setsid cttyhack /pintail/session </dev/console &
wait $!
poweroff -f
`;

/** For a PCI card first (bridges, class 06, have none), then for what sits behind virtio. A driver that was loaded for one has taken all it can. */
const LOAD_DRIVERS = `for bus in pci virtio; do
  for device in /sys/bus/$bus/devices/*/modalias; do
    [ -f "$device" -a ! -e "\${device%modalias}driver" ] && read -r id <"$device" || continue
    case $id in
      pci:*bc06sc*) ;;
      *) modprobe -qb "$id" ;;
    esac
  done
done`;

/**
 * The first process where the kernel command line has `root=`: the root file system is on a disk. Our own files and the kernel's modules are
 * put over it in memory, so that any root will do; what was added for the guest, and a command, go along.
 */
const ROOT = `${INTERPRETER}
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
fail() {
  echo "pintail: $*" >/dev/console
  usleep 100000 # it is on the line before the kernel speaks
  exit 1 # the kernel panics, and the machine tells of it
}

/pintail/busybox mount -a -T /pintail/fstab
${LOAD_DRIVERS}

way=rw type= flags= start=/pintail/init
read -r words </proc/cmdline
for word in $words; do
  case $word in
    root=*) place=\${word#root=} ;;
    rootfstype=*) type=\${word#rootfstype=} ;;
    rootflags=*) flags=,\${word#rootflags=} ;;
    init=*) start=\${word#init=} ;;
    ro | rw) way=$word ;;
  esac
done
disk=$place
case $place in UUID=* | LABEL=*) disk=$(findfs "$place") ;; esac
[ -b "$disk" ] || fail "root=$place: there is no such disk"

new=/pintail/new
mkdir -p $new
mount \${type:+-t "$type"} -o $way$flags "$disk" $new || fail "root=$place: no file system that this kernel knows"
for folder in dev proc sys pintail; do
  [ -d $new/$folder ] || mkdir $new/$folder || fail "root=$place: it has no folder /$folder and cannot be given one"
done
mount -t tmpfs -o mode=755 pintail $new/pintail
for it in /pintail/*; do [ ! -f "$it" ] || cp -pL "$it" $new/pintail/; done

read -r release </proc/sys/kernel/osrelease
if [ ! -d $new/lib/modules/$release ] && mkdir -p $new/lib/modules; then
  mount -t tmpfs -o mode=755 modules $new/lib/modules
  cp -a /lib/modules/. $new/lib/modules/
fi
if cd /pintail/added 2>/dev/null; then
  find . -type d | while read -r folder; do mkdir -p "$new/$folder"; done
  find . ! -type d | while read -r it; do cp -a "$it" "$new/$it"; done
  cd /
fi

for folder in dev proc sys; do mount --move /$folder $new/$folder; done
exec switch_root $new "$start"
`;

/** An address by DHCP, or none after three seconds. */
const LEASE_COMMAND = 'udhcpc -i "$card" -f -n -q -t 3 -T 1 -s /pintail/lease';

/** Mounts, drivers, network. */
const START = `${INTERPRETER}
/pintail/busybox mount -a -T /pintail/fstab
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
echo pintail >/proc/sys/kernel/hostname

${LOAD_DRIVERS}

# A folder of the host by the name of host.
for tag in /sys/bus/virtio/drivers/9pnet_virtio/virtio*/mount_tag; do
  [ -f "$tag" ] || continue
  read -r name <"$tag" # no line ends it
  [ "$name" = host ] || continue
  modprobe -q 9p
  mkdir -p /mnt
  mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 host /mnt
done

# What the kernel tells its panic by.
[ -d /sys/bus/acpi/devices/QEMU0001:00 ] && modprobe -q pvpanic-mmio

ifconfig lo up
# cards=down on the kernel's command line: whoever measures brings them up.
[ "$cards" = down ] || for device in /sys/class/net/*; do
  case $device in
    */eth*)
      card=\${device##*/}
      ifconfig "$card" up
      if [ -n "$address" ]; then # of the first card, on the kernel's command line: where nobody leases any
        ifconfig "$card" "$address"
        address=
      else
        ${LEASE_COMMAND} >/dev/null 2>&1 || echo "pintail: no address for $card by DHCP"
      fi ;;
  esac
done
`;

/** What udhcpc calls with an address. */
const LEASE = `${INTERPRETER}
case $1 in
  deconfig)
    ifconfig "$interface" 0.0.0.0 ;;
  bound | renew)
    ifconfig "$interface" "$ip" netmask "\${subnet:-255.255.255.0}" \${broadcast:+broadcast "$broadcast"} \${mtu:+mtu "$mtu"}
    : >"/pintail/$interface.lease"
    for gateway in $router; do
      route add default gw "$gateway" dev "$interface"
    done
    {
      [ -n "$domain" ] && echo "search $domain"
      for server in $dns; do echo "nameserver $server"; done
    } >/etc/resolv.conf ;;
esac
`;

/** The shell on the console, or the agent of protocol.ts, or the shell and behind it the agent (`shell=console` on the kernel's command line). */
const SESSION = `${INTERPRETER}
NL='
'
export HOME=/root
command=/pintail/command

find_port() { # sets $port, when the driver of its card has been told of it
  tries=0
  while [ $tries -lt 100 ]; do
    for name in /sys/class/virtio-ports/*/name; do
      read -r word <$name && [ "$word" = ${AGENT_PORT} ] && port=\${name%/name} && port=/dev/\${port##*/}
    done 2>/dev/null
    [ -c "$port" ] && return
    tries=$((tries + 1))
    usleep 10000
  done
  echo "pintail: there is no port for what commands write" >/dev/console
}

set_address() { # SLOT ADDRESS
  for place in /sys/bus/pci/devices/0000:00:$1.0/net/* /sys/bus/pci/devices/0000:00:$1.0/virtio*/net/*; do
    [ -d "$place" ] || continue
    card=\${place##*/}
    ifconfig "$card" down
    ifconfig "$card" hw ether "$2"
    ifconfig "$card" up
    [ ! -f "/pintail/$card.lease" ] || ${LEASE_COMMAND} >/dev/null 2>&1
  done
}

execute() { # ID FLAGS FOLDER COUNT VARIABLES... WORDS...
  id=$1 flags=$2 folder=$3 count=$4
  shift 4
  (
    while [ "$count" -gt 0 ]; do
      export "$1"
      shift
      count=$((count - 1))
    done
    exec /pintail/carry $id $flags "$folder" "$@"
  ) 5<>$port
}

serve() { # until it is to become the shell ($given), or the machine to end
  stty -F /dev/ttyS3 raw -echo 115200
  exec 9<>/dev/ttyS3
  port=
  find_port
  echo ready ${PROTOCOL_VERSION} >&9
  if [ -f $command ]; then
    read -r words <$command
    eval "execute 0000000 $words"
    read -t 5 -r words <&9 # the host has it all
  else
    while read -r verb words <&9; do
      case $verb in
        exec) eval "execute $words" ;;
        mac) set_address $words ;;
        time) date -s "@$words" >/dev/null 2>&1 ;;
        shell | terminal)
          given=console
          [ $verb = shell ] || pintail=terminal
          [ -z "$words" ] || export TERM="$words"
          break ;;
        poweroff) break ;;
      esac
    done
  fi
  exec 9>&-
}

if [ "$pintail" = agent ] && [ "$shell" = console ]; then
  (serve; exec poweroff -f) &
  given=console
elif [ "$pintail" = agent ] || [ -f $command ]; then
  serve
else
  given=console
fi
if [ "$given" = console ]; then
  if [ "$pintail" = terminal ]; then
    # The host's terminal: its size now and whenever it changes, a line each on ttyS3.
    exec 8<&0 9<>/dev/ttyS3
    stty raw -echo 115200 <&9
    echo size >&9
    read -t 2 -r rows columns <&9 && stty rows "$rows" cols "$columns"
    while read -r rows columns <&9; do stty rows "$rows" cols "$columns" <&8; done 2>/dev/null &
    exec 8<&- 9<&-
  fi
  if [ -x /bin/sh ]; then /bin/sh; else sh; fi
fi
# Where there are no disks, nothing in the machine outlives it.
set -- /sys/block/*
[ -d /sys/block ] && [ ! -e "$1" ] && exec /pintail/carry
exec poweroff -f
`;

/** Our scripts, and the nodes the kernel needs before devtmpfs is there. `busybox` is the program, or where it is. */
function commonFiles(busybox: FileEntry): FileEntry[] {
  return [
    directory('.'), // the root itself, which the kernel makes writable for all
    { path: 'dev/console', kind: 'character', mode: 0o600, device: [5, 1] },
    { path: 'dev/null', kind: 'character', mode: 0o666, device: [1, 3] },
    ...['proc', 'sys', 'run'].map((path) => directory(path)),
    directory('tmp', 0o1777),
    busybox,
    file('pintail/fstab', FSTAB),
    file('pintail/start', START, 0o755),
    file('pintail/lease', LEASE, 0o755),
    file('pintail/session', SESSION, 0o755),
    file('pintail/roi', roiTool(), 0o755),
    file('pintail/root', ROOT, 0o755),
    file('pintail/init', IMPORTED_INIT, 0o755),
    file('pintail/carry', carryProgram(), 0o755),
  ];
}

/** The files of ours in a prepared guest, beside busybox and its links in /bin. */
/** What is over them in a machine with drives on controllers: their drivers are on buses of their own. */
export function driveFiles(): FileEntry[] {
  const load = `${LOAD_DRIVERS.replace('pci virtio;', 'pci virtio scsi;')}\n[ ! -d /sys/bus/acpi/devices/PNP0700:00 ] || modprobe -q floppy`;
  const withDrives = (script: string): string => script.replace(LOAD_DRIVERS, load);
  return [file('pintail/start', withDrives(START), 0o755), file('pintail/root', withDrives(ROOT), 0o755), file('etc/filesystems', 'ext4\niso9660\nvfat\n')];
}

export function preparedFiles(): FileEntry[] {
  return [
    ...commonFiles(symlink('pintail/busybox', '../bin/busybox')),
    ...['mnt', 'root'].map((path) => directory(path)),
    symlink('init', 'bin/busybox'),
    symlink('bin/roi', '../pintail/roi'),
    file('etc/inittab', INITTAB),
    file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
    file('etc/group', 'root:x:0:\n'),
    file('etc/hosts', '127.0.0.1 localhost pintail\n::1 localhost\n'),
    symlink('etc/mtab', '/proc/mounts'),
    file('etc/filesystems', 'ext4\n'), // for mount to try before it is loaded
  ];
}

/** The files of ours in an imported guest, which brings everything else. */
export function importedFiles(busybox: Uint8Array): FileEntry[] {
  return commonFiles(file('pintail/busybox', busybox, 0o755));
}
