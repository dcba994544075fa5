export function expectedLines(name: string, vendor: 'amd' | 'intel'): string[];
export function outputLines(text: string): string[];
export function countChecks(lines: readonly string[]): number;
