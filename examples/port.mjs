// A named stream between a program and its guest: what the guest writes to /dev/virtio-ports/... the program reads, and the other way round.
import { createMachine } from 'pintail';

const toGuest = new TransformStream(), fromGuest = new TransformStream();
const machine = await createMachine({
  guest: 'amd64', agent: true, limits: { wallMs: 120_000 },
  devices: [{ model: 'virtio-serial', ports: [{ name: 'org.example.sums', chardev: 'c' }] }],
  chardevs: [{ id: 'c', stream: { readable: toGuest.readable, writable: fromGuest.writable } }],
});
try {
  await machine.writeFile('/tmp/sums.sh', `
for name in /sys/class/virtio-ports/*/name; do
  [ "$(cat $name)" = org.example.sums ] && port=/dev/$(basename $(dirname $name))
done
exec 3<>$port
while read -r a b <&3; do echo "$a + $b = $((a + b))" >&3; done`);
  const server = machine.spawn(['sh', '/tmp/sums.sh']);

  const writer = toGuest.writable.getWriter();
  const reader = fromGuest.readable.pipeThrough(new TextDecoderStream()).getReader();
  let line = '';
  for (const question of ['2 3', '40 2']) {
    await writer.write(new TextEncoder().encode(`${question}\n`));
    do line += (await reader.read()).value; while (!line.endsWith('\n'));
    process.stdout.write(line);
    line = '';
  }
  server.kill('TERM');
  await server.exited;
} finally {
  await machine.close();
}
