/** Programs of this system, or of Debian's packages, in the guest: with their loader and libraries, in one folder there. */
import { spawnSync } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { noPackages, packageFiles } from '../support/package-files.js';

export const ETHTOOL = ['/usr/sbin/ethtool', '/sbin/ethtool'].find((path) => spawnSync(path, ['--version']).status === 0);

/** Where the packages have what this system has not. */
const LIBRARIES: Readonly<Record<string, readonly [name: string, path: string]>> = { 'libmnl.so.0': ['libmnl0', 'usr/lib/x86_64-linux-gnu/libmnl.so.0.2.0'] };

/** The program, of this system or of Debian's package; undefined where neither is to be had. */
export async function findEthtool(): Promise<string | undefined> {
  if (ETHTOOL !== undefined || noPackages !== undefined) return ETHTOOL;
  const [path] = await packageFiles('ethtool', ['sbin/ethtool']).catch(() => packageFiles('ethtool', ['usr/sbin/ethtool']));
  await chmod(path!, 0o755);
  return path;
}

/** What `--add` takes: the program, its loader and its libraries in one folder of the guest. */
export async function additions(program: string): Promise<string[]> {
  const listed = spawnSync('ldd', [program], { encoding: 'utf8' }).stdout;
  const found = [...listed.matchAll(/^\s*(?:(\S+) => )?(\/\S+) \(0x/gm)].map((match) => ({ path: match[2]!, name: match[1] ?? 'ld.so' }));
  const fetched = await Promise.all([...listed.matchAll(/^\s*(\S+) => not found$/gm)].map(async ([, name]) => {
    const [from, path] = LIBRARIES[name!] ?? [];
    if (from === undefined) throw new Error(`${program} needs ${name}, which is not on this system.`);
    return { path: (await packageFiles(from, [path!]))[0]!, name: name! };
  }));
  return [{ path: program, name: 'ethtool' }, ...found, ...fetched].flatMap(({ path, name }) => ['--add', `${path}:/lib-of-host/${name}`]);
}
