/** Attribution by function: what each has cost by itself, and with all that it called. */

import type { AttributedCall, Attribution } from '../../machine/types.js';

export const COSTS = ['instructions', 'loads', 'stores', 'accesses', 'crossings'] as const;
export type Cost = (typeof COSTS)[number];

export interface FunctionCost extends Record<Cost, bigint> {
  name: string;
  privilege: number;
  /** Of a program; the kernel's functions are the same in all. */
  space?: bigint;
  calls: bigint;
  /** Instructions with those of what it called; of a function that calls itself each once. */
  inclusive: bigint;
}

const USER = 3;

/** The last part of a path, as reports name a program. */
export const baseOf = (file: string): string => file.slice(file.lastIndexOf('/') + 1);

/** What a function is called in reports: of a program with its file; where no symbol says, its address, in the file where that is known. */
export function nameOf({ name, address, privilege, file }: AttributedCall): string {
  const hex = address.toString(16);
  if (file !== undefined) return name === undefined ? `${baseOf(file)}+0x${hex} [user]` : `${name} [${baseOf(file)}]`;
  return `${name ?? `0x${hex}`}${privilege === USER ? ' [user]' : ''}`;
}

const keyOf = (call: AttributedCall): string => `${call.privilege} ${call.privilege === USER ? call.space : ''} ${nameOf(call)}`;

/** Each call's own and all below it, in the list's order. */
function withBelow(calls: readonly AttributedCall[]): bigint[] {
  const sums = calls.map(({ instructions }) => instructions);
  for (let n = calls.length - 1; n >= 0; n--) if (calls[n]!.caller >= 0) sums[calls[n]!.caller]! += sums[n]!;
  return sums;
}

/** The same function is among the callers of a call. */
function isWithinItself(calls: readonly AttributedCall[], n: number, key: string): boolean {
  for (let up = calls[n]!.caller; up >= 0; up = calls[up]!.caller) if (keyOf(calls[up]!) === key) return true;
  return false;
}

/** By what they retire themselves, the most first. */
export function functionCosts({ calls }: Attribution): FunctionCost[] {
  const sums = withBelow(calls), found = new Map<string, FunctionCost>();
  calls.forEach((call, n) => {
    const key = keyOf(call), none = { name: nameOf(call), privilege: call.privilege, ...(call.privilege === USER ? { space: call.space } : {}), calls: 0n, inclusive: 0n, instructions: 0n, loads: 0n, stores: 0n, accesses: 0n, crossings: 0n };
    const cost = found.get(key) ?? none;
    found.set(key, cost);
    for (const name of [...COSTS, 'calls'] as const) cost[name] += call[name];
    if (!isWithinItself(calls, n, key)) cost.inclusive += sums[n]!;
  });
  return [...found.values()].sort((a, b) => (a.instructions === b.instructions ? (a.name < b.name ? -1 : 1) : a.instructions > b.instructions ? -1 : 1));
}

/** The calls that lead to one, outermost first, itself last. */
export function pathTo(calls: readonly AttributedCall[], n: number): number[] {
  const path: number[] = [];
  for (let at = n; at >= 0; at = calls[at]!.caller) path.unshift(at);
  return path;
}
