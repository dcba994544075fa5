/** Types of expensive.mjs: programs that cost the host much for few instructions. */

import type { Machine, MachineOptions } from 'pintail';
export const EXPENSIVE: string[];
export function expensiveMachine(name: string): MachineOptions;
export interface Turns { turns: number; worstUnits: number; worstMs: number; ms: number; units: number }
export function watchTurns(machine: Machine): Turns;
