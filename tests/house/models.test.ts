/** The models of cards are one list (host/machine/models.ts): the module attaches each of its kinds, the public type names no other, and nobody else keeps a list. */
import { describe, expect, it } from 'vitest';
import { CardKind } from '../../assembly/surface/cards.js';
import { MODELS } from '../../host/machine/models.js';
import { filesBelow, readSource } from './sources.js';

const names = MODELS.flatMap((model) => [...model.names]);
/** The module's kinds by their names, without NONE and COUNT at the two ends. */
const kinds = /enum CardKind \{ NONE, (.*), COUNT \}/.exec(readSource('assembly/surface/cards.ts'))![1]!.split(', ');

/** Models that a text names in quotes. */
const modelsIn = (text: string): string[] => names.filter((name) => text.includes(`'${name}'`));

describe('the list of models', () => {
  it('has a row for every kind of the module, and the module one', () => {
    expect(kinds).toHaveLength(CardKind.COUNT - 1);
    expect(MODELS.map(({ kind }) => kind).sort((a, b) => a - b)).toEqual(kinds.map((_, i) => i + 1));
    const attached = [...readSource('assembly/run/cards.ts').matchAll(/^ {2}row\(CardKind\.(\w+),/gm)].map((match) => match[1]);
    expect(attached.sort()).toEqual([...kinds].sort());
  });

  it('has every name of the public type', () => {
    const union = /^ {2}model: (.*);$/m.exec(readSource('host/machine/types/cards.ts'))![1]!;
    expect([...union.matchAll(/'([^']+)'/g)].map((match) => match[1]).sort()).toEqual([...names].sort());
  });

  it('is the only one', () => {
    const lists = filesBelow('host', '.ts').filter((path) => modelsIn(readSource(path)).length > 2);
    expect(lists).toEqual(['host/machine/models.ts', 'host/machine/types/cards.ts']);
  });
});
