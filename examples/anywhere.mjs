// The same program on Node, Deno and Bun: node anywhere.mjs, deno run -A anywhere.mjs, bun anywhere.mjs.
import { createMachine } from 'pintail';

for (const worker of [false, true]) {
  const machine = await createMachine({ guest: 'builtin', memoryMiB: 16, worker });
  let screen = '';
  machine.on('console', (bytes) => { screen += new TextDecoder().decode(bytes); });
  machine.write('mem\rexit 20\r');
  const end = await machine.run();
  console.log(worker ? 'in a worker:' : 'here:', end.reason, end.code, /\d+ KiB/.exec(screen)[0]);
  await machine.close();
}
