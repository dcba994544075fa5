// For a CI server: boots a kernel once, runs each test in a copy of the booted machine, and writes JUnit XML. A test is a command; it passes with status 0.
//   node kernel-tests.mjs [KERNEL INITRD]     default Debian's; an initrd of your own needs the agent of `pintail guest import`
import { createMachine } from 'pintail';

const TESTS = {
  'clock goes forward': 'a=$(cut -d. -f1 /proc/uptime); sleep 2; b=$(cut -d. -f1 /proc/uptime); [ $b -gt $a ]',
  'loopback answers': 'ping -c 1 127.0.0.1',
  'no complaints': '! dmesg | grep -E "BUG|WARNING|Oops"',
  'memory is there': '[ $(sed -n "s/^MemTotal: *\\([0-9]*\\) kB/\\1/p" /proc/meminfo) -gt 40000 ]',
};

const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`).replace(/[^\t\n\x20-\ud7ff\ue000-\ufffd]/g, '?');

const booted = await createMachine({ guest: 'amd64', agent: true, memoryMiB: 128, limits: { wallMs: 300_000 } });
await booted.exec(['true']);

const cases = [];
let failures = 0;
for (const [name, script] of Object.entries(TESTS)) {
  const machine = await booted.clone();
  const before = (await machine.stats()).virtualNs;
  const { code, stdout, stderr } = await machine.exec(['sh', '-c', script]);
  const seconds = Number((await machine.stats()).virtualNs - before) / 1e9;
  await machine.close();
  const said = escape(new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
  if (code !== 0) failures++;
  cases.push(`  <testcase name="${escape(name)}" time="${seconds.toFixed(3)}">${code === 0 ? '' : `<failure message="status ${code}">${said}</failure>`}</testcase>`);
}
await booted.close();

console.log(`<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="kernel" tests="${cases.length}" failures="${failures}">\n${cases.join('\n')}\n</testsuite>`);
process.exitCode = failures === 0 ? 0 : 1;
