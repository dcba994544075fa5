/** The page's own elements, by id. */

export function at<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as T;
}

export function element<K extends keyof HTMLElementTagNameMap>(tag: K, text = '', ...children: Node[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.textContent = text;
  made.append(...children);
  return made;
}

let clearing: ReturnType<typeof setTimeout> | undefined;

/** A line that goes away by itself. */
export function say(text: string): void {
  clearTimeout(clearing);
  at('toast').textContent = text;
  clearing = setTimeout(() => (at('toast').textContent = ''), 6000);
}

/** Gives a file to the person. */
export function download(name: string, bytes: Blob): void {
  const link = element('a');
  link.href = URL.createObjectURL(bytes);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
