/**
 * The shell script that a prepared guest measures variants with, one after the other: cards are down at its start, and one is up at a time, so
 * that lines of interrupts are not shared. Frames are sent by the kernel's own pktgen and received to the end of the stack, where nobody
 * wants them. Each region is `roi`'s (docs/measuring.md): no shell and no other process in it.
 */

import { parseSpeed } from '../net/lab.js';
import { writeSymbols } from './attribution/symbols.js';
import { cardRow } from './cards.js';
import { pathOf, type OwnModule } from './modules.js';
import { CARD_MODELS, type Variant } from './variant.js';

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

/** How long a trial's region is open before its source begins, and what starting the program that marks takes, in ms. */
const AHEAD_MS = 3, START_MS = 2;

/**
 * One trial of a source that ends: the region is open before it begins, for a guest that is flooded has no turn to begin one, and ends by a sleep of its own about when
 * the source does.
 */
function trialScript({ rate, atMost }: Variant, index: number, port: number): string[] {
  return [`roi sleep ${regionName(index, 0)} ${Math.ceil(AHEAD_MS + START_MS + (atMost! * 1000) / rate)} &`, `usleep ${AHEAD_MS * 1000}`, `roi mark ${port + 1}`, 'wait', `roi mark ${port + 1}`];
}

/** What the guest does before and beside the measuring. */
export interface ScriptOptions {
  /** It writes its kernel's symbols, before it measures. */
  symbols?: boolean;
  /** Kernel modules that it loads first; one with the name of a card's driver is loaded in its place. */
  modules?: readonly Pick<OwnModule, 'name'>[];
}

const DRIVERS: ReadonlySet<string> = new Set(CARD_MODELS.map((model) => cardRow(model).driver));

function load(modules: readonly Pick<OwnModule, 'name'>[]): string[] {
  return modules.filter(({ name }) => !DRIVERS.has(name)).map((module) => `insmod ${pathOf(module)} || exit 1`);
}

function reload({ card, driver }: Variant, modules: readonly Pick<OwnModule, 'name'>[]): string[] {
  const { driver: name, listed } = cardRow(card), own = modules.find((module) => module.name === name);
  const all = (value: string): string => (listed && !value.includes(',') ? Array.from({ length: MOST_CARDS }, () => value).join(',') : value);
  const parameters = Object.entries(driver).map(([key, value]) => ` ${key}=${all(value)}`).join('');
  return [`rmmod ${name}`, `${own === undefined ? `modprobe ${name}` : `insmod ${pathOf(own)}`}${parameters} || exit 1`];
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

/** ms that so many frames take on a variant's line, the frame with preamble, FCS and gap; without one at its rate. */
const lineMs = ({ size, speed, rate }: Variant, frames: number): number => (speed === undefined ? (frames * 1000) / rate : (frames * (size + 24) * 8) / parseSpeed(speed)!);

/** What pktgen itself waits for its threads to see that they are to begin. */
const START_US = 125_000;

/** Within an endless run: neither the first frames, which find the line's FIFO empty, nor the last, for which nothing follows, are in a region. */
function steadyScript(variant: Variant, index: number, phases: number): string[] {
  const { size, count, warmUp, burst } = variant, control = '/proc/net/pktgen/pgctrl';
  const run = (phase: number): string[] => [
    `echo start >${control} &`, `usleep ${START_US + Math.ceil(lineMs(variant, warmUp) * 1000) + offsetUs(phase)}`,
    `roi sleep ${regionName(index, phase)} ${Math.ceil(lineMs(variant, count))} || exit 1`, `echo stop >${control}`, 'wait',
  ];
  return [
    'echo "add_device $eth" >/proc/net/pktgen/kpktgend_0',
    `generator "count 0" "delay 0" "pkt_size ${size}" "burst ${burst}" "dst 10.0.2.2" "dst_mac 52:55:0a:00:02:02"`,
    ...Array.from({ length: phases }, (_, phase) => run(phase)).flat(),
    'echo rem_device_all >/proc/net/pktgen/kpktgend_0',
  ];
}

/** The lab gives frames from one mark to the next. */
function receiveScript(variant: Variant, index: number, phases: number, port: number): string[] {
  const { count, warmUp, rate, atMost } = variant;
  if (atMost !== undefined) return trialScript(variant, index, port);
  const ms = Math.ceil((count / rate) * 1000), mark = `roi mark ${port + 1}`;
  return [
    mark,
    `usleep ${Math.ceil((warmUp / rate) * 1e6)}`,
    ...Array.from({ length: phases }, (_, phase) => `usleep ${offsetUs(phase)}; roi sleep ${regionName(index, phase)} ${ms} || exit 1`),
    mark,
  ];
}

/** `variants` are those of one machine; `first` is the first one's place in the whole list. */
export function guestScript(variants: readonly Variant[], first: number, phases: number, { symbols = false, modules = [] }: ScriptOptions = {}): string {
  const parts = variants.map((variant, place) => [
    ...reload(variant, modules),
    ...(place === 0 ? load(modules) : []),
    `bring_up ${slotOf(place)}`,
    ...(symbols ? [place === 0 ? writeSymbols() : writeSymbols(`[${cardRow(variant.card).driver}]`)] : []),
    ...(variant.direction === 'rx' ? receiveScript : variant.steady === true ? steadyScript : sendScript)(variant, first + place, phases, place),
    'ifconfig $eth down',
  ]);
  return [HEAD, ...parts.flat()].join('\n');
}
