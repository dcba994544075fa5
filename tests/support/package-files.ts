/**
 * Files out of Debian's packages for tests, fetched by package name as the guests are and kept in the same cache folder:
 *
 *     CACHE/files/PACKAGE/boot/memtest86+x64.bin
 *
 * A test that needs one skips itself, with `noPackages` as the reason, where no package client is.
 */
import { spawnSync } from 'node:child_process';
import { access, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { defaultCacheDir } from '../../host/guest/index.js';
import { extractPackage, openPackages } from '../../host/platform/node/guest/packages.js';

/** Why tests of packages skip themselves; undefined where they run. */
export const noPackages = ['apt-get', 'apt-cache', 'dpkg-deb'].every((tool) => spawnSync(tool, ['--version']).status === 0) ? undefined : 'no apt-get here';

async function unpackInto(folder: string, name: string, paths: readonly string[]): Promise<void> {
  const client = await openPackages({ arch: 'amd64', stateDir: join(folder, '.apt') });
  await client.show(name);
  const [deb] = await client.download([name], join(folder, '.apt'));
  for (const { path, data } of await extractPackage(deb!, (path) => paths.includes(path))) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    if (data !== undefined) await writeFile(join(folder, path), data);
  }
  await rm(join(folder, '.apt'), { recursive: true });
}

/** What is kept of a package already: other tests ask for other files of it. */
async function keptOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)));
}

/** Where `paths` (without the leading slash) of the package are on this machine. */
export async function packageFiles(name: string, paths: readonly string[]): Promise<string[]> {
  const home = join(defaultCacheDir(), 'files');
  const kept = paths.map((path) => join(home, name, path));
  const found = await Promise.allSettled(kept.map((path) => access(path)));
  if (found.every(({ status }) => status === 'fulfilled')) return kept;
  await mkdir(home, { recursive: true });
  const fresh = await mkdtemp(join(home, `.build-${process.pid}-`));
  try {
    await unpackInto(fresh, name, [...paths, ...(await keptOf(join(home, name)))]);
    await rm(join(home, name), { recursive: true, force: true });
    await rename(fresh, join(home, name));
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  await Promise.all(kept.map((path) => access(path)));
  return kept;
}
