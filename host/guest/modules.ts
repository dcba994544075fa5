/**
 * Kernel modules: which ones a guest gets, what they need, and the index files modprobe reads.
 *
 * A module says what it is in its `.modinfo` section: NUL-terminated `key=value` strings, among them `depends`
 * (names, comma-separated) and `alias` (the device ids it answers to).
 */
import { sectionOf } from '../boot/elf.js';

/** A module file: its path below `lib/modules/VERSION/`, and its bytes. */
export interface ModuleFile {
  path: string;
  data: Uint8Array;
}

interface ModuleInfo {
  depends: string[];
  aliases: string[];
}

const decoder = new TextDecoder('latin1');

/** The name the kernel knows a module file by: dashes are underscores to it. */
export function moduleName(path: string): string {
  const base = path.slice(path.lastIndexOf('/') + 1);
  return base.replace(/\.ko(\.xz|\.zst|\.gz)?$/, '').replaceAll('-', '_');
}

function readInfo(module: ModuleFile): ModuleInfo {
  const section = sectionOf(module.data, '.modinfo');
  const info: ModuleInfo = { depends: [], aliases: [] };
  for (const row of decoder.decode(section ?? new Uint8Array(0)).split('\0')) {
    if (row.startsWith('depends=') && row.length > 8) {
      info.depends = row.slice(8).split(',').map((name) => name.replaceAll('-', '_'));
    }
    if (row.startsWith('alias=')) info.aliases.push(row.slice(6));
  }
  return info;
}

/** Everything `name` needs, nearest first: the order in which modules.dep lists it. */
function closure(name: string, infos: Map<string, ModuleInfo>): string[] {
  const order: string[] = [];
  function visit(current: string): void {
    for (const needed of infos.get(current)?.depends ?? []) {
      if (needed === name) continue;
      const before = order.indexOf(needed);
      if (before >= 0) order.splice(before, 1); // what is needed deeper is loaded earlier, so it is listed later
      order.push(needed);
      visit(needed);
    }
  }
  visit(name);
  return order;
}

/** The modules that `wanted` names and all they depend on; a name not among `modules` is built in or absent. */
export function selectModules(modules: ModuleFile[], wanted: readonly string[]): ModuleFile[] {
  const byName = new Map(modules.map((module) => [moduleName(module.path), module]));
  const taken = new Set<string>();
  function take(name: string): void {
    const module = byName.get(name);
    if (module === undefined || taken.has(name)) return;
    taken.add(name);
    readInfo(module).depends.forEach(take);
  }
  wanted.forEach((name) => take(name.replaceAll('-', '_')));
  return modules.filter((module) => taken.has(moduleName(module.path)));
}

/** `modules.dep` and `modules.alias` of these modules, as depmod would write them. */
export function indexModules(modules: ModuleFile[]): { dep: string; alias: string } {
  const sorted = [...modules].sort((a, b) => (a.path < b.path ? -1 : 1));
  const paths = new Map(sorted.map((module) => [moduleName(module.path), module.path]));
  const infos = new Map(sorted.map((module) => [moduleName(module.path), readInfo(module)]));
  let dep = '';
  let alias = '';
  for (const module of sorted) {
    const name = moduleName(module.path);
    const needs = closure(name, infos).flatMap((needed) => paths.get(needed) ?? []);
    dep += `${module.path}:${needs.map((path) => ` ${path}`).join('')}\n`;
    for (const pattern of infos.get(name)!.aliases) alias += `alias ${pattern} ${name}\n`;
  }
  return { dep, alias };
}
