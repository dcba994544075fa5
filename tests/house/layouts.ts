/** The constants of the files that hand out addresses, and the parts that they are: an address and its size. */
export const LAYOUTS = ['assembly/base/layout.ts', 'assembly/device/layout.ts', 'assembly/pci/spec.ts', 'assembly/pci/layout.ts', 'assembly/chipset/layout.ts', 'assembly/virtio/layout.ts', 'assembly/nic/layout.ts', 'assembly/vtd/layout.ts', 'assembly/display/layout.ts'];

export interface Part { name: string; at: number; bytes: number }

/** The constants of layout files, by name. */
export function constantsOf(sources: readonly string[]): Map<string, number> {
  const known = new Map<string, number>();
  for (const [, name, text] of sources.join('\n').matchAll(/export const (\w+): (?:usize|u32|u64) = ([^;]+);/g)) {
    const expression = text!.replace(/<\w+>/g, '').replace(/\b(0x[\da-f_]+|\d[\d_]*)\b/gi, (number) => String(Number(number.replaceAll('_', ''))));
    const scope = [...known.keys()];
    // Division in the chain is by powers of two.
    known.set(name!, Number(new Function(...scope, `return ${expression};`)(...known.values())));
  }
  return known;
}

export function partsOf(known: ReadonlyMap<string, number>): Part[] {
  return [...known].flatMap(([name, at]) => {
    const bytes = known.get(`${name}_SIZE`) ?? (name.endsWith('_STATE') ? known.get(name.replace(/_STATE$/, '_BYTES')) : undefined);
    return bytes === undefined ? [] : [{ name, at, bytes }];
  });
}
