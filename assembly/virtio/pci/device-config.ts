// The device's configuration as a driver reads and writes it, over either interface. Virtio 1.2, 4.1.4.6 and 4.1.4.8.

import { configOf, VirtioDevice } from "../device";

/** Device configuration, little-endian; zeros past its end. */
export function readConfig(d: VirtioDevice, at: u32, bytes: u32): u64 {
  let value: u64 = 0;
  for (let i: u32 = 0; i < bytes && at + i < d.configBytes; i++) value |= <u64>load<u8>(configOf(d) + at + i) << (<u64>i << 3);
  return value;
}

/** The kind stores what it lets the driver write: (dev, offset, bytes, value). */
export function writeConfig(d: VirtioDevice, at: u32, bytes: u32, value: u64): void {
  if (d.onConfig && at + bytes <= d.configBytes) call_indirect<void>(d.onConfig, changetype<usize>(d), at, bytes, value);
}
