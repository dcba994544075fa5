// The small guest that is built in; Debian by address instead: guest: new URL('guest/', location.href), of `pintail guest build --out`.
import { createMachine } from 'pintail';

const screen = document.getElementById('screen');
const decoder = new TextDecoder();
// What only an esbuild bundle has to be told (esbuild.mjs).
const places = globalThis.PINTAIL_PLACES ?? {};

const machine = await createMachine({ guest: 'builtin', memoryMiB: 16, ...places });
machine.on('console', (bytes) => { screen.textContent += decoder.decode(bytes, { stream: true }).replaceAll('\r', ''); });
screen.addEventListener('keydown', (event) => {
  if (event.key.length === 1 || event.key === 'Enter') machine.write(event.key === 'Enter' ? '\r' : event.key);
});
machine.attachInput(true);
machine.write('mem\r');
await machine.run();
