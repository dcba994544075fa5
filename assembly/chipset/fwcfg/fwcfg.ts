// fw_cfg: numbered items that firmware reads by a selector and a byte port, or by DMA. QEMU's docs/specs/fw_cfg.
//
// The host puts items in the firmware region and lists them here by key, offset and size; the file directory
// (key 19h) is one of them. Items are read-only. Past an item's end bytes read as zero. A transfer by DMA that the machine's allowance
// (device/allowance.ts) suffices for is done before the write that starts it returns, up to some 10 MiB; else it goes on by turns, and the guest's structure
// says when it is over, which drivers wait for. One that runs far past its item's end is refused with the error bit.

import { FIRMWARE } from "../../base/layout";
import { mapPorts, Width } from "../../memory/bus";
import { beginTurn, cancelTurn, endTurn, keepTurn, mayWork, waitsForTurn } from "../../device/allowance";
import { bindTimer } from "../../device/clock";
import { dmaFailed, dmaRead32, dmaRead64, dmaWrite, dmaWrite32 } from "../../device/dma";
import { Timer } from "../../device/timers";
import { FWCFG_BYTES, FWCFG_STATE } from "../layout";
import { FwDma, FwKey, FwPort, FW_DMA_SIGNATURE, FW_ID, FW_SIGNATURE } from "./spec";

@unmanaged class FwState { key: u32; offset: u32; dmaHigh: u32; items: u32; signature: u32; id: u32; /** A transfer under way: where its structure lies, where the bytes go, how many. */ answer: u64; to: u64; left: u32; pad0: u32; }
@unmanaged class Item { key: u32; offset: u32; size: u32; pad0: u32; }
@inline const fw = changetype<FwState>(FWCFG_STATE);
@inline const ITEMS: usize = FWCFG_STATE + 1024;
@inline const MAX_ITEMS: u32 = 64;
@inline const MAX_PADDING: u32 = 64 * 1024;
/** Bytes of one piece: less than an item of the allowance. */
@inline const PIECE: u32 = 2 * 1024 * 1024;
/** A page of zeros for bytes past an item's end: the tail of our state. */
@inline const ZEROS: usize = FWCFG_STATE + 512;
@inline const ZERO_BYTES: u32 = 512;
@inline function item(i: u32): Item { return changetype<Item>(ITEMS + (<usize>i << 4)); }

/** Selection and transfer only: items stay. */
export function resetFwCfg(): void {
  cancelTurn(Timer.FW_CFG);
  fw.left = 0;
  fw.key = 0; fw.offset = 0; fw.dmaHigh = 0;
  fw.signature = FW_SIGNATURE; fw.id = FW_ID;
}

export function attachFwCfg(): void {
  mapPorts(FwPort.SELECTOR, 2, 0, readPorts.index, writePorts.index, "fw_cfg", Width.BYTE | Width.WORD);
  keepTurn(Timer.FW_CFG);
  bindTimer(Timer.FW_CFG, takeTurnNow.index, 0);
  mapPorts(FwPort.DMA, 8, 0, readDma.index, writeDma.index, "fw_cfg dma", Width.DWORD | Width.QWORD);
}

/** For the host: lists `size` bytes from `offset` of the firmware region as item `key`. False when the list is full. */
export function addFwItem(key: u32, offset: u32, size: u32): bool {
  if (fw.items >= MAX_ITEMS) return false;
  const it = item(fw.items);
  it.key = key; it.offset = offset; it.size = size;
  fw.items++;
  return true;
}

/** The item selected: its address, 0 for none. */
function findAddress(): u32 {
  if (fw.key == FwKey.SIGNATURE) return <u32>(FWCFG_STATE + offsetof<FwState>("signature"));
  if (fw.key == FwKey.ID) return <u32>(FWCFG_STATE + offsetof<FwState>("id"));
  for (let i: u32 = 0; i < fw.items; i++) if (item(i).key == fw.key) return <u32>FIRMWARE + item(i).offset;
  return 0;
}
function findSize(): u32 {
  if (fw.key <= <u32>FwKey.ID) return 4;
  for (let i: u32 = 0; i < fw.items; i++) if (item(i).key == fw.key) return item(i).size;
  return 0;
}

/** Bytes of the selected item not read yet. */
function bytesLeft(): u32 { return fw.offset < findSize() ? findSize() - fw.offset : 0; }

function readByte(): u32 {
  if (bytesLeft() == 0) return 0;
  return load<u8>(<usize>findAddress() + fw.offset++);
}

/** Bit 14 asks to write, which items here are not for; bit 15 marks items of an architecture. */
function select(key: u32): void { fw.key = key & 0xbfff; fw.offset = 0; }

function readPorts(dev: usize, offset: u32, bytes: u32): u64 { return offset == 1 && bytes == 1 ? readByte() : 0; }
function writePorts(dev: usize, offset: u32, bytes: u32, value: u64): void {
  if (offset == 0 && bytes == 2) select(<u32>value);
}

// --- DMA: the guest's structure is big-endian: control, length, address ---

function readDma(dev: usize, offset: u32, bytes: u32): u64 {
  const value = bswap<u64>(FW_DMA_SIGNATURE);
  return value >> (<u64>offset << 3);
}

function writeDma(dev: usize, offset: u32, bytes: u32, value: u64): void {
  if (bytes == 8) { runDma(bswap<u64>(value)); return; }
  if (offset == 0) { fw.dmaHigh = bswap<u32>(<u32>value); return; }
  const high = <u64>fw.dmaHigh << 32;
  fw.dmaHigh = 0;
  runDma(high | bswap<u32>(<u32>value));
}

/** A transfer that is under way is not disturbed: what is asked meanwhile is not heard. */
function runDma(at: u64): void {
  if (isBusy()) return;
  dmaFailed();
  const control = bswap<u32>(dmaRead32(0, at)), length = bswap<u32>(dmaRead32(0, at + 4)), address = bswap<u64>(dmaRead64(0, at + 8));
  if (dmaFailed()) return;
  if (control & FwDma.SELECT) select(control >> 16);
  fw.answer = at;
  if (control & FwDma.READ) { begin(address, length); return; }
  if (control & FwDma.SKIP && !(control & FwDma.WRITE)) fw.offset += min(length, bytesLeft());
  end(!(control & FwDma.WRITE));
}

/** Something is left to be copied, and its turn has not come yet. */
@inline function isBusy(): bool { return waitsForTurn(Timer.FW_CFG); }

function begin(address: u64, length: u32): void {
  if (length - min(length, bytesLeft()) > MAX_PADDING) { end(false); return; }
  fw.to = address; fw.left = length;
  copyOn();
}

/** A piece at a time while there is allowance. */
function copyOn(): void {
  while (fw.left) {
    if (!mayWork(Timer.FW_CFG)) return;
    if (!copyPiece()) { end(false); return; }
  }
  end(true);
}
function takeTurnNow(dev: usize): void {
  beginTurn();
  copyOn();
  endTurn();
}

function copyPiece(): bool {
  const held = bytesLeft(), piece = min(fw.left, held ? min(held, PIECE) : ZERO_BYTES);
  const ok = dmaWrite(0, fw.to, held ? <usize>findAddress() + fw.offset : ZEROS, piece);
  if (held) fw.offset += piece;
  fw.to += piece; fw.left -= piece;
  return ok;
}

/** The guest's structure says that it is over. */
function end(ok: bool): void {
  fw.left = 0;
  dmaWrite32(0, fw.answer, ok ? 0 : bswap<u32>(FwDma.ERROR));
  dmaFailed();
}
