/**
 * The guest's screen, where the machine has one: a canvas over the terminal, drawn line by line as it changes, and the keyboard and the mouse in front of it. Its pixels are
 * whole pixels of the page where there is room (integer scaling). Fetched with the first machine that has one. A click gives the guest the mouse, Esc takes it back; Shift+Esc leaves the keyboard.
 */

import type { Machine } from 'pintail';
import { at, say } from './dom.js';

const box = at('picture');
const canvas = at<HTMLCanvasElement>('picture-canvas');
const paint = canvas.getContext('2d', { alpha: false })!;
const bare = at<HTMLButtonElement>('picture-console');

let machine: Machine | undefined;
/** Keys that are down in the guest: they go up when the page loses the keyboard. */
const down = new Set<string>();

/** As large as fits, by a whole number where that is one or more. */
function scale(): void {
  const ratio = devicePixelRatio, { clientWidth: width, clientHeight: height } = box;
  const fits = Math.min((width * ratio) / canvas.width, (height * ratio) / canvas.height);
  const times = (fits >= 1 ? Math.floor(fits) : fits) / ratio;
  canvas.style.width = `${canvas.width * times}px`;
  canvas.style.height = `${canvas.height * times}px`;
}

/** One look: what has changed is drawn. */
async function look(followed: Machine, whole: boolean): Promise<void> {
  const frame = await followed.screenFrame(whole);
  if (frame === undefined || followed !== machine) return;
  if (canvas.width !== frame.width || canvas.height !== frame.height) {
    canvas.width = frame.width;
    canvas.height = frame.height;
    scale();
    if (!whole) return look(followed, true);
  }
  if (frame.lines > 0) paint.putImageData(new ImageData(frame.pixels, frame.width, frame.lines), 0, frame.first);
}

/** Looks as often as the page is drawn, and never before the last look is done. */
async function watch(followed: Machine): Promise<void> {
  for (let whole = true; followed === machine && !followed.closed; whole = false) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    if (!box.hidden) await look(followed, whole).catch(() => undefined);
  }
}

/** Shows the screen of a machine that has one, and the terminal of another. */
export function follow(followed: Machine, hasScreen: boolean): void {
  machine = hasScreen ? followed : undefined;
  down.clear();
  bare.hidden = !hasScreen;
  show(hasScreen);
  if (machine !== undefined) void watch(machine);
}

function show(picture: boolean): void {
  box.hidden = !picture;
  at('terminal').style.visibility = picture ? 'hidden' : '';
  bare.textContent = picture ? 'Console' : 'Screen';
  if (!picture) return;
  scale();
  canvas.focus();
}

const send = (act: Promise<unknown> | undefined): void => void act?.catch((error: Error) => say(error.message));

function release(): void {
  for (const code of down) send(machine?.key(code, false));
  down.clear();
}

/** What the page keeps for itself. */
function isOwn(event: KeyboardEvent): boolean {
  if (event.key !== 'Escape' || !event.shiftKey) return false;
  release();
  at<HTMLButtonElement>('run').focus();
  return true;
}

/** A name that the guest's keyboard has no key for is left to the page. */
function onKey(event: KeyboardEvent): void {
  const isDown = event.type === 'keydown';
  if (machine === undefined || (isDown && isOwn(event)) || event.code === '') return;
  // Pasting comes as a paste.
  if ((event.ctrlKey || event.metaKey) && event.code === 'KeyV' && event.shiftKey) return;
  event.preventDefault();
  if (!isDown && !down.has(event.code)) return;
  if (isDown) down.add(event.code);
  else down.delete(event.code);
  void machine.key(event.code, isDown).catch(() => down.delete(event.code));
}

/** A browser's buttons are the mouse's: 1 left, 2 right, 4 middle, 8 and 16 beside. */
function onMouse(event: MouseEvent): void {
  if (document.pointerLockElement !== canvas) return;
  event.preventDefault();
  send(machine?.mouse({ dx: event.movementX, dy: event.movementY, buttons: event.buttons }));
}

function onWheel(event: WheelEvent): void {
  if (document.pointerLockElement !== canvas) return;
  event.preventDefault();
  send(machine?.mouse({ wheel: Math.sign(event.deltaY) }));
}

function listen(): void {
  canvas.addEventListener('keydown', onKey);
  canvas.addEventListener('keyup', onKey);
  canvas.addEventListener('blur', release);
  canvas.addEventListener('click', () => {
    canvas.focus();
    if (document.pointerLockElement !== canvas) void canvas.requestPointerLock?.();
  });
  for (const name of ['mousemove', 'mousedown', 'mouseup'] as const) canvas.addEventListener(name, onMouse);
  canvas.addEventListener('wheel', onWheel, { passive: false });
  canvas.addEventListener('contextmenu', (event) => event.preventDefault());
  box.addEventListener('paste', (event) => {
    event.preventDefault();
    const text = event.clipboardData?.getData('text') ?? '';
    void machine?.type(text).then((left) => {
      if (left !== '') say(`No key types ${left}.`);
    });
  });
  bare.addEventListener('click', () => show(box.hidden === true));
  at('picture-full').addEventListener('click', () => void box.requestFullscreen?.());
  new ResizeObserver(scale).observe(box);
}

listen();
