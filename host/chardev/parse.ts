/** `-chardev TYPE,id=ID,...` in QEMU's words. */

import { ChardevError } from './link.js';

export type ChardevSpec = { id: string } & (
  | { type: 'null' | 'stdio' }
  | { type: 'file'; path: string; append: boolean }
  | { type: 'socket'; to: { path: string } | { host: string; port: number }; server: boolean; wait: boolean }
);

/** What each type takes. */
export const CHARDEV_KEYS: Readonly<Record<ChardevSpec['type'], readonly string[]>> = {
  null: ['id'], stdio: ['id', 'signal', 'mux'], file: ['id', 'path', 'append'], socket: ['id', 'path', 'host', 'port', 'server', 'wait', 'nodelay'],
};

function isType(name: string): name is ChardevSpec['type'] {
  return Object.hasOwn(CHARDEV_KEYS, name);
}

function isOn(text: string, name: string, value: string): boolean {
  if (['on', 'true', 'yes'].includes(value)) return true;
  if (['off', 'false', 'no'].includes(value)) return false;
  throw new ChardevError(`"${text}": ${name} is on or off, not "${value}".`);
}

/** Reads a `-chardev` option. Throws ChardevError. */
export function parseChardev(text: string): ChardevSpec {
  const [type = '', ...rest] = text.split(/(?<!,),(?!,)/).map((part) => part.replaceAll(',,', ','));
  if (!isType(type)) throw new ChardevError(`"${text}": there is no "${type}". There are ${Object.keys(CHARDEV_KEYS).join(', ')}.`);
  const given = new Map(rest.map((part): [string, string] => {
    const at = part.indexOf('=');
    return at < 0 ? [part, 'on'] : [part.slice(0, at), part.slice(at + 1)];
  }));
  const strange = [...given.keys()].find((name) => !CHARDEV_KEYS[type].includes(name));
  if (strange !== undefined) throw new ChardevError(`"${text}": ${type} has no "${strange}". It has ${CHARDEV_KEYS[type].join(', ')}.`);
  const id = given.get('id');
  if (id === undefined || id === '') throw new ChardevError(`"${text}" needs id=ID.`);
  const need = (name: string): string => {
    const value = given.get(name);
    if (value === undefined) throw new ChardevError(`"${text}" needs ${name}=.`);
    return value;
  };
  const flag = (name: string, fallback: boolean): boolean => (given.has(name) ? isOn(text, name, given.get(name)!) : fallback);
  if (type === 'file') return { id, type, path: need('path'), append: flag('append', false) };
  if (type !== 'socket') return { id, type };
  const server = flag('server', false);
  return { id, type, to: placeOf(text, given, need), server, wait: server && flag('wait', true) };
}

function placeOf(text: string, given: Map<string, string>, need: (name: string) => string): { path: string } | { host: string; port: number } {
  const path = given.get('path');
  if (path !== undefined) return { path };
  const port = Number(need('port'));
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new ChardevError(`"${text}": port "${given.get('port')}" is no port.`);
  return { host: given.get('host') ?? '127.0.0.1', port };
}
