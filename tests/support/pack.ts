/** What npm would publish, without running `prepack`, which would build anew what the tests have just built: a copy of that is made slim and packed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync } from 'node:fs';
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

/** A copy of all that package.json names. */
function copyTo(folder: string): void {
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] };
  for (const path of ['package.json', ...files.filter((name) => !name.startsWith('!'))]) cpSync(join(root, path), join(folder, path), { recursive: true });
  execFileSync(process.execPath, [join(root, 'tests/support/slim.mjs'), folder]);
}

/** Makes the tarball in a folder. */
export function packInto(folder: string): Packed {
  const copy = join(folder, 'to-pack');
  copyTo(copy);
  // A package of the tests brings an npm of its own, which npx and npm put in front.
  const PATH = process.env.PATH?.split(delimiter).filter((entry) => !entry.includes('node_modules')).join(delimiter);
  const env = { ...process.env, PATH };
  const { status, stdout, stderr } = spawnSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], { cwd: copy, env, encoding: 'utf8', maxBuffer: 1 << 24 });
  if (status !== 0) throw new Error(`npm pack: ${stderr}`);
  rmSync(copy, { recursive: true });
  const told = JSON.parse(stdout) as Told[] | Record<string, Told>;
  // A list up to npm 10, an object by name from 11 on.
  const about = Object.values(told)[0]!;
  return { path: join(folder, about.filename), unpackedBytes: about.unpackedSize, files: about.files.map(({ path }) => path) };
}
