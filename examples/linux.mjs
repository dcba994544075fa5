// Boots Debian's kernel and runs commands in it. The guest is made once from Debian's packages, and kept in the user's cache.
import { createMachine } from 'pintail';

const machine = await createMachine({ guest: 'amd64', agent: true, limits: { wallMs: 120_000 } });
try {
  const { stdout } = await machine.exec(['uname', '-srm']);
  process.stdout.write(stdout);

  await machine.writeFile('/tmp/double.sh', 'while read -r n; do echo $((n * 2)); done\n');
  const doubled = await machine.exec(['sh', '/tmp/double.sh'], { stdin: '21\n4\n' });
  process.stdout.write(doubled.stdout);

  const { code, stderr } = await machine.exec(['sh', '-c', 'echo "something is wrong" >&2; exit 3']);
  console.log(`status ${code}: ${new TextDecoder().decode(stderr).trim()}`);
  console.log(`${(await machine.stats()).instructions > 0n ? 'counted' : 'not counted'} to the instruction`);
} finally {
  await machine.close();
}
