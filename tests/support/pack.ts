/** What npm would publish, without running `prepack`, which would build anew what the tests have just built. */
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Packed {
  /** Path of the tarball. */
  path: string;
  unpackedBytes: number;
  files: string[];
}

interface Told {
  filename: string;
  unpackedSize: number;
  files: { path: string }[];
}

/** Makes the tarball in a folder. */
export function packInto(folder: string): Packed {
  // A package of the tests brings an npm of its own, which npx and npm put in front.
  const PATH = process.env.PATH?.split(delimiter).filter((entry) => !entry.includes('node_modules')).join(delimiter);
  const env = { ...process.env, PATH };
  const { status, stdout, stderr } = spawnSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], { cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 24 });
  if (status !== 0) throw new Error(`npm pack: ${stderr}`);
  const told = JSON.parse(stdout) as Told[] | Record<string, Told>;
  // A list up to npm 10, an object by name from 11 on.
  const about = Object.values(told)[0]!;
  return { path: join(folder, about.filename), unpackedBytes: about.unpackedSize, files: about.files.map(({ path }) => path) };
}
