/** Command lines: QEMU's spelling, sizes, and messages that name the argument. */
import { describe, expect, it } from 'vitest';
import { parseCommandLine, parseCount, parseMemory, UsageError } from '../../../../host/cli/arguments.js';
import { readRunOptions } from '../../../../host/cli/run-options.js';

const SPECS = {
  kernel: { kind: 'value' },
  nographic: { kind: 'flag' },
  serial: { kind: 'list' },
  m: { kind: 'value', short: 'm' },
  verbose: { kind: 'flag', short: 'v' },
} as const;

function complaint(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return 'nothing to complain about';
}

describe('parseCommandLine', () => {
  it('takes one dash or two, values apart or after =', () => {
    for (const words of [['-kernel', 'k'], ['--kernel', 'k'], ['--kernel=k'], ['-kernel=k']]) {
      expect(parseCommandLine(words, SPECS).values.get('kernel')).toBe('k');
    }
  });

  it('keeps a value that starts with a dash', () => {
    expect(parseCommandLine(['-kernel', '-odd'], SPECS).values.get('kernel')).toBe('-odd');
  });

  it('collects lists, flags and short options', () => {
    const parsed = parseCommandLine(['-serial', 'null', '-serial', 'stdio', '-nographic', '-v', '-m', '1G'], SPECS);
    expect(parsed.lists.get('serial')).toEqual(['null', 'stdio']);
    expect([...parsed.flags].sort()).toEqual(['nographic', 'verbose']);
    expect(parsed.values.get('m')).toBe('1G');
  });

  it('leaves everything after -- alone', () => {
    expect(parseCommandLine(['-v', '--', 'ls', '-kernel', '--', '-l'], SPECS).rest).toEqual(['ls', '-kernel', '--', '-l']);
    expect(parseCommandLine(['-v'], SPECS).rest).toBeUndefined();
  });

  it('names the argument that is wrong, as it was typed', () => {
    expect(complaint(() => parseCommandLine(['-kernal', 'k'], SPECS))).toMatch(/^-kernal: there is no such option/);
    expect(complaint(() => parseCommandLine(['-kernel'], SPECS))).toMatch(/^-kernel: needs a value/);
    expect(complaint(() => parseCommandLine(['--nographic=1'], SPECS))).toMatch(/^--nographic=1: takes no value/);
    expect(complaint(() => parseCommandLine(['--constructor'], SPECS))).toMatch(/^--constructor: there is no such option/);
  });
});

describe('sizes and counts', () => {
  it('reads sizes as QEMU does', () => {
    expect(['512', '512M', '1G', '1.5G', '2048K', 'size=64M', '256MiB'].map((text) => parseMemory('-m', text, 3072))).toEqual([512, 512, 1024, 1536, 2, 64, 256]);
  });

  it('refuses what is none', () => {
    for (const text of ['', 'lots', '-5', '1X', '100K', '0', '4G', '1e3', '99999999999999T']) expect(complaint(() => parseMemory('-m', text, 3072))).toMatch(/^-m: /);
  });

  it('reads counts', () => {
    expect(parseCount('--seed', '0x10')).toBe(16n);
    expect(parseCount('--seed', '1_000')).toBe(1000n);
    expect(complaint(() => parseCount('--seed', 'x'))).toMatch(/^--seed: "x"/);
  });
});

describe('pintail run', () => {
  it('boots the amd64 guest by default, and follows the wall only with a terminal', () => {
    expect(readRunOptions([], true)).toMatchObject({ machine: { guest: 'amd64', clock: 'realtime' }, guestByDefault: true, reboot: true });
    expect(readRunOptions([], false).machine.clock).toBe('icount');
    expect(readRunOptions(['--', 'ls'], true).machine).toMatchObject({ clock: 'icount', command: ['ls'] });
  });

  it('takes a command line written for QEMU', () => {
    const words = '-M q35 -cpu max -m 512M -nodefaults -nographic -no-reboot -nic none -serial mon:stdio -kernel k -initrd i -append'.split(' ');
    const options = readRunOptions([...words, 'console=ttyS0'], false);
    expect(options.machine).toMatchObject({ kernel: 'k', initrd: 'i', append: 'console=ttyS0', memoryMiB: 512 });
    expect(options.reboot).toBe(false);
    expect(options.serial[0]).toEqual({ kind: 'stdio' });
  });

  it('hides parts of the processor in QEMU\'s words', () => {
    const cpu = (words: string): unknown => readRunOptions(['-cpu', words], false).machine.cpu;
    expect([cpu('max'), cpu('max,kvm=off,x2apic=on'), cpu('max,-kvmclock,+x2apic')]).toEqual([{}, { kvm: false, x2apic: true }, { kvmclock: false, x2apic: true }]);
    expect(readRunOptions([], false).machine.cpu).toBeUndefined();
  });

  it('has a card on the user network unless told otherwise', () => {
    const cards = (line: string): unknown => { const { devices, netdevs } = readRunOptions(line.split(' '), true).machine; return [devices, netdevs]; };
    const one = [[{ model: 'virtio-net-pci', netdev: 'nic0' }], ['user,id=nic0']];
    expect(cards('-v')).toEqual(one);
    expect(readRunOptions(['-v'], false).machine.devices).toEqual([]);
    expect(readRunOptions(['--', 'ls'], false).machine.devices).toEqual(one[0]);
    for (const line of ['-nic none', '-net none', '-nodefaults', '--icount', '--guest builtin']) expect(cards(line)).toEqual([[], []]);
    expect(cards('-nic user,restrict=on,hostfwd=tcp::1-:2,mac=52:54:00:00:00:01')).toEqual([
      [{ model: 'virtio-net-pci', netdev: 'nic0', mac: '52:54:00:00:00:01' }], ['user,id=nic0,restrict=on,hostfwd=tcp::1-:2'],
    ]);
    expect(cards('-netdev null,id=a -device virtio-net,netdev=a,csum=off,addr=0x5')).toEqual([
      [{ model: 'virtio-net', netdev: 'a', slot: 5, features: { csum: false } }], ['null,id=a'],
    ]);
    expect(cards('-net none -device virtio-serial-pci,id=s,max_ports=4 -device virtconsole,chardev=c,bus=s.0 -device virtserialport,name=org.x,nr=3')).toEqual([
      [{ model: 'virtio-serial-pci', maxPorts: 4, ports: [{ console: true, chardev: 'c' }, { name: 'org.x', number: 3 }] }], [],
    ]);
    expect(cards('-net none -drive file=d.img,snapshot=on')).toEqual([[{ model: 'virtio-blk', drive: 'drive0' }], []]);
  });

  it('takes -icount alone and with QEMU\'s settings', () => {
    const shift = (line: string): unknown => readRunOptions(line.split(' '), true).machine;
    for (const line of ['--icount', '-icount']) expect(shift(line)).not.toHaveProperty('icountShift');
    for (const line of ['-icount shift=7', '-icount shift=7,sleep=off', '--icount=shift=7,align=off']) {
      expect(shift(`-v ${line} -nographic`)).toMatchObject({ icountShift: 7, clock: 'icount', devices: [] });
    }
  });

  const wrong: [string, RegExp][] = [
    ['-nic user,model=ne2k', /there is no "ne2k"/],
    ['-device virtio-net,csum=maybe', /csum is on or off/],
    ['-device virtio-blk,addr=99z', /addr "99z"/],
    ['-drive format=qcow2,file=x', /only format=raw/],
    ['-drive if=virtio', /needs file=/],
    ['-device virtconsole,chardev=c', /needs a -device virtio-serial-pci before it/],
    ['-device virtio-serial-pci -device virtserialport,size=3', /virtserialport has no "size"/],
    ['-device virtio-serial-pci,id=a -device virtserialport,bus=b.0', /needs a -device virtio-serial-pci before it/],
    ['-chardev stdio,id=c -serial mon:stdio', /cannot be combined with -serial stdio/],
    ['-chardev stdio,id=c -- ls', /cannot be combined with a command/],
    ['-drive file=x,cache=fast', /cache is writeback, writethrough/],
    ['-drive file=x,discard=maybe', /discard is ignore, unmap/],
    ['-cpu host', /^-cpu host: only/],
    ['-cpu max,kvm=maybe', /^-cpu max,kvm=maybe: only max is there, with kvm=off/],
    ['-cpu max,+x2apic=off', /^-cpu max,\+x2apic=off: only/],
    ['-cpu max,avx=off', /^-cpu max,avx=off: only/],
    ['-serial tcp:1', /^-serial tcp:1: /],
    ['-kernel k --guest amd64', /^--guest: cannot be combined/],
    ['-initrd i', /^-initrd: needs -kernel/],
    ['-icount shift=11', /^-icount shift=11: "shift=11" is none/],
    ['-icount sleep=on', /"sleep=on" is none/],
    ['-icount shift=3 --realtime', /^--realtime: cannot be combined/],
    ['--icount --realtime', /^--realtime: cannot be combined/],
    ['--stats xml', /^--stats xml: only json/],
    ['vmlinux', /^vmlinux: is no option/],
    ['--', /^--: needs a command/],
    ['-kernel k -- ls', /^--: a command needs/],
    ['-serial stdio -- ls', /^-serial stdio: cannot/],
  ];
  for (const [line, message] of wrong) {
    it(`complains about: ${line}`, () => expect(complaint(() => readRunOptions(line.split(' '), false))).toMatch(message));
  }
});

describe('wild command lines', () => {
  const WORDS = ['-m', '-kernel', '--', '-', '---', '--add', ':', '', '-serial', 'file:', '--seed', '-1', '0x', '=', '--=', '-m=', '-append', '\0', '💾', '-v', '-vvv', '--guest', '..', '-nic', '--no-such', '-M', 'q35', '--limit-ms', '1e9'];

  it('are refused in words, or taken', () => {
    let x = 12345;
    const next = (below: number): number => (x = (x * 1103515245 + 12345) & 0x7fffffff) % below;
    let refused = 0;
    for (let i = 0; i < 5000; i++) {
      const line = Array.from({ length: next(6) }, () => WORDS[next(WORDS.length)]!);
      try {
        readRunOptions(line, false);
      } catch (error) {
        if (!(error instanceof UsageError)) throw new Error(`${JSON.stringify(line)}: ${String(error)}`);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1000);
    expect(refused).toBeLessThan(5000);
  });
});
