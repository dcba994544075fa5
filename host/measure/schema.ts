/** Checks of files that users write: every problem is told with the file, the path in it and what was expected. */

import { didYouMean } from '../words/near.js';

export interface Problem {
  /** `figures[2].least`; '' is the whole. */
  path: string;
  expected: string;
}

/** A file that is not what it should be. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';

  constructor(readonly file: string, readonly problems: readonly Problem[]) {
    super(problems.map(({ path, expected }) => `${file}: ${path === '' ? '' : `${path}: `}expected ${expected}`).join('\n'));
  }
}

export type Check = (value: unknown, path: string) => Problem[];
export type Fields = Readonly<Record<string, { needed: boolean; is: Check }>>;

const step = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

export const isText: Check = (value, path) => (typeof value === 'string' && value !== '' ? [] : [{ path, expected: 'a text' }]);
export const isNumber: Check = (value, path) => (typeof value === 'number' && Number.isFinite(value) ? [] : [{ path, expected: 'a number' }]);
export const isBoolean: Check = (value, path) => (typeof value === 'boolean' ? [] : [{ path, expected: 'true or false' }]);

export function isCount(least: number, most: number): Check {
  return (value, path) => (Number.isInteger(value) && (value as number) >= least && (value as number) <= most ? [] : [{ path, expected: `a whole number from ${least} to ${most}` }]);
}

export function isOneOf(words: readonly string[]): Check {
  return (value, path) => (typeof value === 'string' && words.includes(value) ? [] : [{ path, expected: `one of ${words.join(', ')}.${didYouMean(String(value), words)}` }]);
}

export function listOf(one: Check, least = 0): Check {
  return (value, path) => {
    if (!Array.isArray(value) || value.length < least) return [{ path, expected: least > 0 ? `a list of at least ${least}` : 'a list' }];
    return value.flatMap((item, i) => one(item, `${path}[${i}]`));
  };
}

/** Any names, each with such a value. */
export function recordOf(one: Check): Check {
  return (value, path) => (isObject(value) ? Object.entries(value).flatMap(([key, item]) => one(item, step(path, key))) : [{ path, expected: 'an object' }]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object of these fields and no others. */
export function object(value: unknown, path: string, fields: Fields): Problem[] {
  if (!isObject(value)) return [{ path, expected: 'an object' }];
  const unknown = Object.keys(value).filter((key) => !Object.hasOwn(fields, key));
  return [
    ...unknown.map((key) => ({ path: step(path, key), expected: `no such field.${didYouMean(key, Object.keys(fields))}` })),
    ...Object.entries(fields).flatMap(([key, { needed, is }]) => {
      if (value[key] === undefined) return needed ? [{ path: step(path, key), expected: 'a value: it is missing' }] : [];
      return is(value[key], step(path, key));
    }),
  ];
}

/** The content of a JSON file that `problemsOf` finds nothing wrong with. Throws SchemaError. */
export function check(file: string, text: string, problemsOf: (value: unknown) => Problem[]): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SchemaError(file, [{ path: '', expected: `JSON (${(error as Error).message})` }]);
  }
  const problems = problemsOf(value);
  if (problems.length > 0) throw new SchemaError(file, problems);
  return value;
}
