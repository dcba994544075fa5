/**
 * What a busybox binary can do, read from the binary itself, so that a guest for another processor can be built as well.
 */

const latin1 = new TextDecoder('latin1');

/** The names of its applets: a sorted table of NUL-terminated strings that starts with `[` and `[[`. */
export function appletNames(binary: Uint8Array): string[] {
  const text = latin1.decode(binary);
  const start = text.indexOf('\0[\0[[\0');
  if (start < 0) return [];
  const names: string[] = [];
  for (let at = start + 1; ; ) {
    const end = text.indexOf('\0', at);
    const name = text.slice(at, end);
    if (!/^[a-z0-9[][a-z0-9_.[-]*$/.test(name) || (names.length > 0 && name < names[names.length - 1]!)) break;
    names.push(name);
    at = end + 1;
  }
  return names;
}
