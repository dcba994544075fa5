/** What the command says besides its output: lines on standard error, with `--json` an object each. */

/** Whether the words before `--` ask for JSON. */
export function wantsJson(args: readonly string[]): boolean {
  const rest = args.indexOf('--');
  return args.slice(0, rest < 0 ? args.length : rest).includes('--json');
}

const isOwnJson = (): boolean => wantsJson(process.argv);

/** A line about what happens. */
export function note(text: string): void {
  process.stderr.write(isOwnJson() ? `${JSON.stringify({ note: text })}\n` : `pintail: ${text}\n`);
}
