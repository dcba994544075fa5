/** Links that open the same machine: what it is made of stands behind the #, and with it, of a machine that nobody typed at, where it was and its hash. */

import type { Recipe } from './store.js';

export interface Linked {
  recipe: Recipe;
  /** Run to this instruction, and be in this state then. */
  at?: string;
  hash?: string;
}

export function linkTo(linked: Linked): string {
  const url = new URL(location.href);
  url.hash = new URLSearchParams({ machine: JSON.stringify(withoutTokens(linked)) }).toString();
  return url.href;
}

/** What a relay has to be told is its person's, and nobody's who has the link. */
function withoutTokens({ recipe, ...rest }: Linked): Linked {
  const { netdevs, ...own } = recipe;
  return { ...rest, recipe: { ...own, ...(netdevs === undefined ? {} : { netdevs: netdevs.map((text) => text.replaceAll(/,token=(?:[^,]|,,)*/g, '')) }) } };
}

/** A machine that is kept in this browser; nobody else has it. */
export function linkToKept(id: string): string {
  const url = new URL(location.href);
  url.hash = new URLSearchParams({ kept: id }).toString();
  return url.href;
}

export const readKeptLink = (): string | undefined => new URLSearchParams(location.hash.slice(1)).get('kept') ?? undefined;

const NAMES: readonly (keyof Recipe)[] = ['memoryMiB', 'append', 'seed', 'icountShift', 'jit', 'guest', 'devices', 'netdevs'];

/** What the address says; undefined where it says nothing that can be read. A guest of another place is not fetched for a stranger's link. */
export function readLink(): Linked | undefined {
  try {
    const linked = JSON.parse(new URLSearchParams(location.hash.slice(1)).get('machine')!) as Linked;
    const recipe = Object.fromEntries(Object.entries(linked.recipe).filter(([name]) => (NAMES as readonly string[]).includes(name))) as Recipe;
    if (recipe.guest !== undefined && recipe.guest !== 'builtin') recipe.guest = 'guest/';
    return { ...linked, recipe };
  } catch {
    return undefined;
  }
}
