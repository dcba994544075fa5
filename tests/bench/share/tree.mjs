// A kernel's source tree, from Debian's package linux-source, unpacked once into the cache folder: 1.4 GB.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../support/build.mjs";

/** The tree's folder; `say` is told while it is made. */
export async function kernelTree(say) {
  const { openPackages } = await import(join(root, "build/host/platform/node/guest/packages.js"));
  const { defaultCacheDir } = await import(join(root, "build/host/guest/index.js"));
  const home = join(defaultCacheDir(), "files", "linux-source");
  mkdirSync(home, { recursive: true });
  const client = await openPackages({ arch: "amd64", stateDir: join(home, ".apt") });
  const name = (await client.show("linux-source")).depends.find((one) => one.startsWith("linux-source-"));
  const folder = join(home, `${name}_${(await client.show(name)).version}`);
  if (existsSync(folder)) return folder;
  say(`unpacking ${name}, once: 1.4 GB in ${home}`);
  const [deb] = await client.download([name], home), fresh = `${folder}.${process.pid}`;
  mkdirSync(fresh);
  try {
    execFileSync("bash", ["-c", 'set -o pipefail; dpkg-deb --fsys-tarfile "$1" | tar -xO "./usr/src/$2.tar.xz" | tar -xJ --strip-components=1 -C "$3"', "bash", deb, name, fresh], { stdio: ["ignore", "ignore", "inherit"] });
    renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(deb, { force: true });
  }
  return folder;
}
