// The chipset in one list: attach hangs every device on the buses and fills the slots (once a module instance, and
// again after a snapshot's state was put back); reset gives every device its power-up state.

import { nameCounters } from "../base/counter-rows";
import { clearBus } from "../memory/bus";
import { clearTurns, resetAllowance } from "../device/allowance";
import { resetLines } from "../device/interrupt";
import { clearTables } from "../device/registers";
import { clearSlots } from "../device/slots";
import { resetClock } from "../device/clock";
import { attachRings } from "../device/ring";
import { attachPm, resetPm } from "./acpi/pm";
import { attachCrtc, resetCrtc } from "./crtc/crtc";
import { attachDebug, resetDebug } from "./debug/debug";
import { attachFwCfg, resetFwCfg } from "./fwcfg/fwcfg";
import { attachHpet, resetHpet } from "./hpet/hpet";
import { attachI8042, resetI8042 } from "./i8042/i8042";
import { attachIoapic, resetIoapic } from "./ioapic/ioapic";
import { attachLapic } from "./lapic/lapic";
import { resetLapic } from "./lapic/reset";
import { attachPic, resetPic } from "./pic/pic";
import { attachPit, resetPit } from "./pit/pit";
import { attachPvpanic } from "./pvpanic/pvpanic";
import { attachRoi, resetRoi } from "./roi/roi";
import { attachRtc, resetRtc } from "./rtc/rtc";
import { attachTestdev, resetTestdev } from "./testdev/testdev";
import { attachUarts, resetUarts } from "./uart/uart";

/** Everything cached: slots, register tables, bus handlers. Cards attach after this. */
export function attachChipset(): void {
  nameCounters();
  clearSlots();
  clearTables();
  clearBus();
  clearTurns();
  attachRings();
  attachLapic();
  attachIoapic();
  attachPic();
  attachPit();
  attachRtc();
  attachHpet();
  attachPm();
  attachUarts();
  attachI8042();
  attachDebug();
  attachFwCfg();
  attachPvpanic();
  attachCrtc();
  attachRoi();
  attachTestdev();
}

/** Every device as after reset. Time goes on, the RTC keeps its date and CMOS, and rings keep what the host has not taken. */
export function resetChipset(): void {
  resetClock();
  resetAllowance();
  resetLines();
  resetPic();
  resetIoapic();
  resetLapic();
  resetPit();
  resetRtc();
  resetHpet();
  resetPm();
  resetUarts();
  resetI8042();
  resetDebug();
  resetFwCfg();
  resetCrtc();
  resetRoi();
  resetTestdev();
}
