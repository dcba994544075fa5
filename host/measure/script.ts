/**
 * The shell script that a prepared guest measures variants with, one after the other: cards are down at its start, and one is up at a time, so
 * that lines of interrupts are not shared. Frames are sent by the kernel's own pktgen and received to the end of the stack, where nobody
 * wants them. Each region is `roi`'s (docs/measuring.md): no shell and no other process in it.
 */

import { writeSymbols } from './attribution/symbols.js';
import { cardRow } from './cards.js';
import type { Variant } from './variant.js';

/** PCI device numbers of the cards on the bus. */
export const FIRST_SLOT = 4;

/** Cards of a machine that are measured. */
export const MOST_CARDS = 8;

/** Name of a region: its variant's place in the list, and its phase. */
export const regionName = (variant: number, phase: number): string => `v${variant}.${phase}`;

/** Microseconds that a phase waits before it begins: they fall at different places of the guest's timers. */
export const offsetUs = (phase: number): number => (phase * 1_237) % 4_000;

const HEAD = `
PATH=/bin:/sbin
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
modprobe pktgen || exit 1
interface() { # SLOT: the card's network interface
  for path in /sys/bus/pci/devices/0000:00:$1.0/net/* /sys/bus/pci/devices/0000:00:$1.0/virtio*/net/*; do
    [ ! -e "$path" ] || echo "\${path##*/}"
  done
}
bring_up() { # SLOT: up, and waits for the link
  eth=$(interface $1)
  [ -n "$eth" ] || { echo "no interface at $1" >&2; exit 1; }
  ifconfig $eth 10.0.2.15 up || exit 1
  tries=0
  until read -r carrier <"/sys/class/net/$eth/carrier" && [ "$carrier" = 1 ]; do
    usleep 10000
    tries=$((tries + 1))
    [ $tries -lt 1000 ] || { echo "no link on $eth" >&2; exit 1; }
  done
  usleep 100000
}
generator() { # LINES...
  for line in "$@"; do echo "$line" >/proc/net/pktgen/$eth || exit 1; done
}
`;

const slotOf = (place: number): string => (FIRST_SLOT + place).toString(16).padStart(2, '0');

function reload({ card, driver }: Variant): string[] {
  const { driver: name, listed } = cardRow(card);
  const all = (value: string): string => (listed && !value.includes(',') ? Array.from({ length: MOST_CARDS }, () => value).join(',') : value);
  const parameters = Object.entries(driver).map(([key, value]) => ` ${key}=${all(value)}`).join('');
  return [`rmmod ${name}`, `modprobe ${name}${parameters} || exit 1`];
}

function sendScript(variant: Variant, index: number, phases: number): string[] {
  const { size, count, warmUp, burst } = variant;
  const run = (phase: number): string => `usleep ${offsetUs(phase)}; roi write ${regionName(index, phase)} /proc/net/pktgen/pgctrl start || exit 1`;
  return [
    'echo "add_device $eth" >/proc/net/pktgen/kpktgend_0',
    `generator "count ${warmUp}" "delay 0" "pkt_size ${size}" "burst ${burst}" "dst 10.0.2.2" "dst_mac 52:55:0a:00:02:02"`,
    'echo start >/proc/net/pktgen/pgctrl',
    `generator "count ${count}"`,
    ...Array.from({ length: phases }, (_, phase) => run(phase)),
    'echo rem_device_all >/proc/net/pktgen/kpktgend_0',
  ];
}

/** The lab gives frames from one mark to the next. */
function receiveScript({ count, warmUp, rate }: Variant, index: number, phases: number, port: number): string[] {
  const ms = Math.ceil((count / rate) * 1000), mark = `roi mark ${port + 1}`;
  return [
    mark,
    `usleep ${Math.ceil((warmUp / rate) * 1e6)}`,
    ...Array.from({ length: phases }, (_, phase) => `usleep ${offsetUs(phase)}; roi sleep ${regionName(index, phase)} ${ms} || exit 1`),
    mark,
  ];
}

/** `variants` are those of one machine; `first` is the first one's place in the whole list. With `symbols` the guest writes its kernel's, before it measures. */
export function guestScript(variants: readonly Variant[], first: number, phases: number, symbols = false): string {
  const parts = variants.map((variant, place) => [
    ...reload(variant),
    `bring_up ${slotOf(place)}`,
    ...(symbols ? [place === 0 ? writeSymbols() : writeSymbols(`[${cardRow(variant.card).driver}]`)] : []),
    ...(variant.direction === 'tx' ? sendScript : receiveScript)(variant, first + place, phases, place),
    'ifconfig $eth down',
  ]);
  return [HEAD, ...parts.flat()].join('\n');
}
