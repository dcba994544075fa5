/** Command lines: QEMU's spelling, sizes, and messages that name the argument. */
import { describe, expect, it } from 'vitest';
import { parseCommandLine, parseCount, parseMemory, UsageError, type Parsed } from '../../../../host/cli/arguments.js';
import { readRunOptions } from '../../../../host/cli/run-options.js';
import { optionsOf } from '../../../../host/cli/table.js';

const parse = (...words: string[]): Parsed => parseCommandLine(words, optionsOf('run'));

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
      expect(parse(...words).given('kernel')).toEqual({ argument: words.join(' '), value: 'k' });
    }
  });

  it('keeps a value that starts with a dash, unless it is an option', () => {
    expect(parse('-kernel', '-odd').value('kernel')).toBe('-odd');
    expect(parse('-append', '-v').value('append')).toBe('-v');
    expect(parse('-kernel', '-nographic').faults.list).toEqual([{ argument: '-kernel', problem: 'needs a value after it: FILE.' }]);
  });

  it('collects options in their order, by one letter too', () => {
    const parsed = parse('-serial', 'null', '-serial', 'stdio', '-nographic', '-v', '-m', '1G');
    expect(parsed.all('serial').map(({ value }) => value)).toEqual(['null', 'stdio']);
    expect(['nographic', 'verbose', 'realtime'].map((name) => parsed.has(name))).toEqual([true, true, false]);
    expect(parsed.value('m')).toBe('1G');
    expect(parsed.faults.list).toEqual([]);
  });

  it('leaves everything after -- alone', () => {
    expect(parse('-v', '--', 'ls', '-kernel', '--', '-l').rest).toEqual(['ls', '-kernel', '--', '-l']);
    expect(parse('-v').rest).toBeUndefined();
  });

  it('keeps every fault, with the argument as it was typed', () => {
    const { list } = parse('-kernal', 'k', '--nographic=1', '--constructor', '-kernel').faults;
    expect(list.map(({ argument }) => argument)).toEqual(['-kernal', '--nographic=1', '--constructor', '-kernel']);
  });
});

describe('sizes and counts', () => {
  it('reads sizes as QEMU does', () => {
    expect(['512', '512M', '1G', '1.5G', '2048K', '256MiB'].map((text) => parseMemory('-m', text, 3072))).toEqual([512, 512, 1024, 1536, 2, 256]);
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

  it('goes on from a snapshot with two dashes and a file; QEMU\'s switch has neither', () => {
    for (const line of ['--snapshot saved', '--snapshot=saved']) {
      expect(readRunOptions(line.split(' '), false).machine).toMatchObject({ snapshot: 'saved' });
      expect(readRunOptions(line.split(' '), false).machine).not.toHaveProperty('guest');
    }
    expect(readRunOptions(['-snapshot', '-kernel', 'k'], false).machine).not.toHaveProperty('snapshot');
    expect(readRunOptions(['--snapshot', '-kernel', 'k'], false).machine).not.toHaveProperty('snapshot');
    const cards = (hasDefaultCard: boolean): number => readRunOptions(['--snapshot', 's'], false, { hasDefaultCard, cardsOfDisks: () => [] }).machine.devices!.length;
    expect([cards(true), cards(false)]).toEqual([1, 0]);
    expect(complaint(() => readRunOptions(['--snapshot', 's', '--add', 'f', '-append', 'x'], false))).toMatch(/has started/);
  });

  it('takes a date, and what it follows', () => {
    const rtc = (...words: string[]): unknown => { const { rtc: date, rtcClock } = readRunOptions(words, false).machine; return [date?.toISOString().slice(0, 19), rtcClock]; };
    expect(rtc()).toEqual([undefined, undefined]);
    expect(rtc('-rtc', 'base=2024-02-29')).toEqual(['2024-02-29T00:00:00', undefined]);
    expect(rtc('-rtc', 'base=2011-11-11T11:11:11,clock=vm')).toEqual(['2011-11-11T11:11:11', 'vm']);
    expect(rtc('-rtc', 'clock=host,driftfix=slew')).toEqual([undefined, 'host']);
    expect(rtc('-rtc', 'clock=rt')).toEqual([undefined, 'host']);
    expect(complaint(() => readRunOptions(['-rtc', 'base=2026-02-31'], false))).toMatch(/^-rtc base=2026-02-31: base is utc, localtime or a date/);
    expect(complaint(() => readRunOptions(['-rtc', 'base=tomorrow'], false))).toMatch(/not "tomorrow"/);
  });

  it('takes a command line written for QEMU', () => {
    const words = '-M q35 -cpu max -m 512M -nodefaults -nographic -no-reboot -nic none -serial mon:stdio -kernel k -initrd i -append'.split(' ');
    const options = readRunOptions([...words, 'console=ttyS0'], false);
    expect(options.machine).toMatchObject({ kernel: 'k', initrd: 'i', append: 'console=ttyS0', memoryMiB: 512 });
    expect(options.reboot).toBe(false);
    expect(options.serial[0]).toEqual({ kind: 'stdio' });
  });

  it('says whose the processor is, and hides parts of it, in QEMU\'s words', () => {
    const cpu = (words: string): unknown => readRunOptions(['-cpu', words], false).machine.cpu;
    expect([cpu('max'), cpu('max,kvm=off,x2apic=on'), cpu('max,-kvmclock,+x2apic')]).toEqual([{}, { kvm: false, x2apic: true }, { kvmclock: false, x2apic: true }]);
    expect([cpu('max,vendor=intel'), cpu('max,vendor=GenuineIntel,kvm=off'), cpu('max,vendor=amd')]).toEqual([{ vendor: 'intel' }, { vendor: 'intel', kvm: false }, { vendor: 'amd' }]);
    expect(readRunOptions([], false).machine.cpu).toBeUndefined();
    expect(readRunOptions(['-cpu', 'host,avx=off'], false)).toMatchObject({ machine: { cpu: {} }, notes: [expect.stringMatching(/^-cpu host,avx=off: the one/) as string, expect.stringMatching(/avx changes nothing/) as string] });
    for (const [words, problem] of [['max,kvm=maybe', /kvm is on or off/], ['max,+x2apic=off', /no "\+x2apic"/], ['max,kvmclok=off', /Did you mean kvmclock/], ['max,vendor=via', /vendor is .*amd, intel/]] as const) expect(complaint(() => cpu(words))).toMatch(problem);
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
    expect(cards('-net none -chardev null,id=c -device virtio-serial-pci,id=s,max_ports=4 -device virtconsole,chardev=c,bus=s.0 -device virtserialport,name=org.x,nr=3')).toEqual([
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

  it('boots a disk where nothing else is named', () => {
    const boot = (line: string): unknown => { const { firmware, machine: { guest, bios } } = readRunOptions(line.split(' '), true); return { firmware, guest, bios }; };
    expect(boot('-drive file=d.img')).toEqual({ firmware: true, guest: undefined, bios: undefined });
    expect(boot('d.img')).toMatchObject({ firmware: true });
    expect(boot('-drive file=d.img --guest amd64')).toMatchObject({ firmware: false, guest: 'amd64' });
    expect(boot('-drive file=d.img -- ls')).toMatchObject({ firmware: false, guest: 'amd64' });
    expect(boot('-drive file=d.img -bios b')).toMatchObject({ firmware: false, bios: 'b' });
    expect(boot('-drive file=d.img -kernel k')).toMatchObject({ firmware: false });
  });

  it('puts disks and CDs where QEMU has them, and boots in the order asked for', () => {
    const options = (line: string): unknown => {
      const { devices, drives, boot } = readRunOptions(line.split(' '), true).machine;
      return { devices: devices!.filter(({ model }) => model.startsWith('ide')), sources: drives!.map(({ source, readOnly = false }) => [source, readOnly]), boot };
    };
    expect(readRunOptions('-fda a.img -fdb b.img'.split(' '), true).machine.devices!.filter(({ model }) => model === 'floppy')).toEqual([{ model: 'floppy', drive: 'fda', unit: 0 }, { model: 'floppy', drive: 'fdb', unit: 1 }]);
    const hda = { model: 'ide-hd', drive: 'hda', bus: 'ide.0' }, cd = { model: 'ide-cd', drive: 'cd0', bus: 'ide.2' };
    expect(options('-hda a.img -cdrom c.iso')).toEqual({ devices: [hda, cd], sources: [['a.img', false], ['c.iso', true]], boot: undefined });
    expect(options('-hdb a.img -boot d')).toEqual({ devices: [{ ...hda, drive: 'hdb', bus: 'ide.1' }], sources: [['a.img', false]], boot: { order: 'd' } });
    expect(options('-drive file=c.iso,media=cdrom -boot order=dc,once=d,menu=on')).toEqual({ devices: [{ model: 'ide-cd', drive: 'drive0' }], sources: [['c.iso', true]], boot: { order: 'dc', once: 'd', menu: true } });
    expect(options('-drive file=a.img,if=ide,index=5,serial=X1')).toMatchObject({ devices: [{ model: 'ide-hd', drive: 'drive0', bus: 'ide.5', serial: 'X1' }] });
    expect(options('-device piix3-ide,id=p -drive file=a.img,if=none,id=d -device ide-hd,drive=d,bus=p.1,unit=1')).toMatchObject({ devices: [{ model: 'ide-hd', drive: 'd', bus: 'p.1', unit: 1 }] });
  });

  it('joins -net nic and -net user', () => {
    const { devices, netdevs } = readRunOptions('-net nic,model=e1000,macaddr=52:54:00:00:00:07 -net user,hostfwd=tcp::1-:2'.split(' '), true).machine;
    expect({ devices, netdevs }).toEqual({ devices: [{ model: 'e1000', netdev: 'net0', mac: '52:54:00:00:00:07' }], netdevs: ['user,id=net0,hostfwd=tcp::1-:2'] });
    const hub = readRunOptions('-net nic -net nic -net user'.split(' '), true).machine;
    expect(hub.netdevs).toEqual(['user,id=net0', 'hubport,id=net0hub,hubid=0,netdev=net0', 'hubport,id=nic0hub,hubid=0', 'hubport,id=nic1hub,hubid=0']);
    expect(hub.devices!.map(({ netdev }) => netdev)).toEqual(['nic0hub', 'nic1hub']);
  });

  it('connects serial ports to sockets and chardevs, which are no longer the machine\'s', () => {
    const { serial, machine } = readRunOptions('-chardev socket,id=a,path=/tmp/a,server=on,wait=off -serial chardev:a -serial tcp:127.0.0.1:5,server=on,nowait -serial null'.split(' '), true);
    expect(serial.slice(0, 3)).toMatchObject([
      { kind: 'link', spec: { type: 'socket', to: { path: '/tmp/a' }, server: true, wait: false } },
      { kind: 'link', spec: { to: { host: '127.0.0.1', port: 5 }, server: true, wait: false } },
      { kind: 'null' },
    ]);
    expect(machine.chardevs).toEqual([]);
  });

  it('moves the debug console by -global too', () => {
    expect(readRunOptions('-global isa-debugcon.iobase=0x402 -debugcon null'.split(' '), true).machine.debugConsolePort).toBe(0x402);
    expect(readRunOptions('-device isa-debug-exit,iobase=0xf4,iosize=0x04'.split(' '), true).machine.debugExit).toEqual({ port: 0xf4, bytes: 4 });
  });

  it('forgets writes to all disks with -snapshot', () => {
    expect(readRunOptions('-hda a.img -drive file=b.img -snapshot'.split(' '), true).machine.drives).toMatchObject([{ snapshot: true }, { snapshot: true }]);
  });

  it('ends on a panic where nobody watches', () => {
    const onPanic = (...words: string[]): unknown => readRunOptions(words, true).onPanic;
    expect([onPanic(), onPanic('-no-reboot'), onPanic('--', 'ls'), onPanic('-action', 'reboot=shutdown'), onPanic('-no-reboot', '-action', 'panic=none')]).toEqual(
      ['none', 'exit-failure', 'exit-failure', 'exit-failure', 'none'],
    );
  });
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
