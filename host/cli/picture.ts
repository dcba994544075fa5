/** Pictures of the screen as files: PNG, or PPM by the name's end, as QEMU's `screendump` writes it. */

import { existsSync, writeFileSync } from 'node:fs';
import type { LocalMachine } from '../machine/local.js';
import { encodePng, encodePpm } from '../screen/png.js';

/** The first of pintail-1.png, pintail-2.png... that is not there. */
function freeName(): string {
  let number = 1;
  while (existsSync(`pintail-${number}.png`)) number++;
  return `pintail-${number}.png`;
}

/** Writes it; the path it has gone to. `format`: default by the name. */
export async function writePicture(machine: LocalMachine, path = freeName(), format = path.endsWith('.ppm') ? 'ppm' : 'png'): Promise<string> {
  const picture = machine.picture('screendump');
  writeFileSync(path, format === 'ppm' ? encodePpm(picture) : await encodePng(picture));
  return path;
}
