/** Which of the known words a mistyped one may have meant. */

/** Edits (one letter put in, left out, changed, or two swapped) between two words: optimal string alignment. */
export function editsBetween(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, rows[i - 2]![j - 2]! + 1);
      row.push(least);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

/** How far off a word may be and still be taken for another: one letter in three. */
const allowed = (word: string): number => Math.max(1, Math.floor(word.length / 3));

/** Worse than any number of edits that is allowed. */
const GOES_ON = 1000;

function distance(word: string, other: string): number {
  const edits = editsBetween(word, other);
  if (edits <= allowed(word.length < other.length ? word : other)) return edits;
  return Math.min(word.length, other.length) > 2 && (other.startsWith(word) || word.startsWith(other)) ? GOES_ON : Infinity;
}

/** The likeliest, at most `most`; where none is near, words that go on from what was typed. */
export function nearWords(typed: string, known: Iterable<string>, most = 3): string[] {
  const scored = [...new Set(known)].map((name) => ({ name, far: distance(typed.toLowerCase(), name.toLowerCase()) }));
  const least = Math.min(...scored.map(({ far }) => far));
  if (least === Infinity) return [];
  return scored.filter(({ far }) => far === least).map(({ name }) => name).sort().slice(0, most);
}

/** ` Did you mean a or b?`, or nothing. */
export function didYouMean(typed: string, known: Iterable<string>, show: (name: string) => string = (name) => name): string {
  const near = nearWords(typed, known).map(show);
  return near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
}
