/**
 * What a kernel module for the prepared guest is compiled against: the headers of its own kernel's package and the kernel's build tools, unpacked
 * into a folder. Nothing is installed. Then, with gcc-12 and make of this system:
 *
 *     make -C FOLDER/build M=$PWD
 */
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GuestError, NoPackageClient } from '../../../guest/errors.js';
import { openPackages, type PackageClient } from './packages.js';
import { prepareGuest, type PrepareOptions } from './prepare.js';
import { lastLine, runTool } from './run-tool.js';

/** Debian's modules are compiled by its own kernel's tools, which are of this architecture. */
const ARCH = 'amd64';

/** The headers of a kernel's package, and what they depend on that is headers or tools. */
async function packagesFor(client: PackageClient, kernelPackage: string): Promise<string[]> {
  const own = kernelPackage.replace('linux-image-', 'linux-headers-');
  const { depends } = await client.show(own);
  return [own, ...depends.filter((name) => /^linux-(headers|kbuild)-/.test(name))];
}

/** The kernel's makefile names the common headers by their place in a system. */
async function makeRelocatable(tree: string): Promise<void> {
  const path = join(tree, 'Makefile'), text = await readFile(path, 'utf8');
  await writeFile(path, text.replace(/^include \/usr\/src\//m, 'include $(dir $(realpath $(firstword $(MAKEFILE_LIST))))../'));
}

async function unpack(files: readonly string[], dir: string, signal: AbortSignal | undefined): Promise<void> {
  for (const file of files) {
    const { code, stderr } = await runTool('dpkg-deb', ['-x', file, dir], { signal });
    if (code !== 0) throw new GuestError(`A package cannot be unpacked: ${lastLine(stderr)}`, 'Start again.');
  }
}

/** The folder for `make -C`. Throws NoPackageClient, GuestError. */
export async function buildHeaders(dir: string, options: PrepareOptions = {}): Promise<string> {
  const { signal, onProgress: say = () => {} } = options;
  const { manifest } = await prepareGuest(ARCH, options);
  const kernel = manifest.packages.find(({ name }) => name.startsWith('linux-image-'));
  if (kernel === undefined) throw new GuestError('The guest\'s manifest names no kernel package', 'Report this.');
  const work = join(dir, '.packages');
  await mkdir(work, { recursive: true });
  try {
    const client = await openPackages({ ...options, arch: ARCH, stateDir: join(work, 'apt') });
    const names = await packagesFor(client, kernel.name).catch(async (cause: unknown) => {
      if (!(cause instanceof NoPackageClient) || !(await client.refresh())) throw cause;
      return packagesFor(client, kernel.name);
    });
    say(`fetching ${names.join(', ')}`);
    await unpack(await client.download(names, work), dir, signal);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const name = kernel.name.replace('linux-image-', 'linux-headers-'), build = join(dir, 'build');
  await makeRelocatable(join(dir, 'usr/src', name));
  await rm(build, { force: true });
  await symlink(join('usr/src', name), build);
  return build;
}
