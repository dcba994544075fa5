// A guest's own marks for measuring: where a region of interest begins and ends. The command is kept and ends the run after the OUT in hand,
// so that the host reads every counter between that instruction and the next; nothing else happens, and the guest cannot tell. What a region
// has cost is the host's to keep. A tag and a name go with the command that follows them.

import { Event, raiseEvent } from "../../base/control";
import { slots } from "../../device/slots";
import { mapPorts, Width } from "../../memory/bus";
import { ROI_BYTES, ROI_STATE } from "../layout";
import { Roi, RoiCommand, RoiPort } from "../../surface/roi";

/** For the host: the command that waits for it, with its tag and name. The words behind `asked` gather those of the next one. */
@unmanaged class Words { asked: u32; askedTag: u32; askedBytes: u32; tag: u32; bytes: u32; }
@inline const roi = changetype<Words>(ROI_STATE);
@inline const ASKED_NAME: usize = ROI_STATE + 32;
@inline const NAME: usize = ASKED_NAME + <usize>Roi.NAME_BYTES;

export function resetRoi(): void { memory.fill(ROI_STATE, 0, ROI_BYTES); }

export function attachRoi(): void {
  mapPorts(Roi.FIRST_PORT, Roi.PORTS, 0, readRoi.index, writeRoi.index, "region of interest", Width.UP_TO_DWORD);
}

function readRoi(dev: usize, offset: u32, bytes: u32): u64 { return offset < <u32>RoiPort.TAG ? <u32>Roi.SIGNATURE >> (offset << 3) : 0; }

function writeRoi(dev: usize, offset: u32, bytes: u32, value: u64): void {
  switch (offset) {
    case RoiPort.COMMAND: command(<u32>value); break;
    case RoiPort.TAG: roi.tag = <u32>value; break;
    case RoiPort.NAME: addToName(<u32>value & 0xff); break;
    default: break;
  }
}

/** Letters beyond the room there is are left out. */
function addToName(letter: u32): void {
  if (!letter) roi.bytes = 0;
  else if (roi.bytes < <u32>Roi.NAME_BYTES) { store<u8>(NAME + roi.bytes, <u8>letter); roi.bytes++; }
}

/** What is no command is ignored. */
function command(what: u32): void {
  if (what == <u32>RoiCommand.NONE || what > <u32>RoiCommand.MARK) return;
  roi.asked = what; roi.askedTag = roi.tag; roi.askedBytes = roi.bytes;
  memory.copy(ASKED_NAME, NAME, Roi.NAME_BYTES);
  roi.tag = 0; roi.bytes = 0;
  raiseEvent(Event.REGION);
  if (what == <u32>RoiCommand.MARK && slots.marked) call_indirect<void>(slots.marked, roi.askedTag);
}

/** For the host, after a run that ended for it: the RoiCommand that waits, which is taken with that; 0: none. */
export function takeRoi(): u32 {
  const asked = roi.asked;
  roi.asked = 0;
  return asked;
}
export function roiTag(): u32 { return roi.askedTag; }
export function roiNameAt(): usize { return ASKED_NAME; }
export function roiNameBytes(): u32 { return roi.askedBytes; }
