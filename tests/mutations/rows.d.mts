/** A rule to be broken: a text of a file, what it becomes, and the test (the beginning of its full name) that must fail then. */
export interface Mutation {
  rule: string;
  file: string;
  from: string;
  to: string;
  test: string;
  named: string;
  /** It is in assembly/: the module is built again. */
  module?: boolean;
}
export const rows: readonly Mutation[];
