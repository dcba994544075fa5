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

/** What a function is called in reports: where no symbol says, its address. */
export function nameOf({ name, address, privilege }: AttributedCall): string {
  return `${name ?? `0x${address.toString(16)}`}${privilege === USER ? ' [user]' : ''}`;
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
