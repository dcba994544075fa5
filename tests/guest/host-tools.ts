/** Programs of this system in the guest: with their loader and libraries, in one folder there. */
import { spawnSync } from 'node:child_process';

export const ETHTOOL = ['/usr/sbin/ethtool', '/sbin/ethtool'].find((path) => spawnSync(path, ['--version']).status === 0);

/** What `--add` takes: the program, its loader and its libraries in one folder of the guest. */
export function additions(program: string): string[] {
  const listed = spawnSync('ldd', [program], { encoding: 'utf8' }).stdout;
  const libraries = [...listed.matchAll(/^\s*(?:(\S+) => )?(\/\S+) \(0x/gm)].map((match) => ({ path: match[2]!, name: match[1] ?? 'ld.so' }));
  return [{ path: program, name: 'ethtool' }, ...libraries].flatMap(({ path, name }) => ['--add', `${path}:/lib-of-host/${name}`]);
}
