export function expectedLines(name: string): string[];
export function outputLines(text: string): string[];
export function countChecks(lines: readonly string[]): number;
