/** Where dropped files go: into the guest that runs, or to the making of another machine. */

import { at } from './dom.js';

type Zone = 'guest' | 'machine';

export function takeDrops(take: Readonly<Record<Zone, (files: readonly File[]) => unknown>>): void {
  const drop = at('drop');
  const show = (zone?: Zone): void => {
    drop.hidden = zone === undefined;
    drop.dataset.zone = zone ?? '';
  };
  const zoneOf = ({ target }: Event): Zone => ((target as Element).closest<HTMLElement>('[data-zone=guest]:not(#drop)') === null ? 'machine' : 'guest');
  addEventListener('dragover', (event) => {
    if (event.dataTransfer?.types.includes('Files') !== true) return;
    event.preventDefault();
    show(zoneOf(event));
  });
  addEventListener('dragleave', ({ relatedTarget }) => relatedTarget === null && show());
  addEventListener('drop', (event) => {
    if (event.dataTransfer === null || event.dataTransfer.files.length === 0) return;
    event.preventDefault();
    show();
    void take[zoneOf(event)]([...event.dataTransfer.files]);
  });
}
