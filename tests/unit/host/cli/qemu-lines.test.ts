/** What becomes of command lines written for QEMU (qemu-lines.ts); and QEMU's list of options, each of which is here or says what to write. */
import { describe, expect, it } from 'vitest';
import { splitLine } from '../../../../host/cli/completion.js';
import { UsageError } from '../../../../host/cli/faults.js';
import { namesOf } from '../../../../host/cli/arguments.js';
import { readRunOptions } from '../../../../host/cli/run-options.js';
import { ELSEWHERE, optionsOf } from '../../../../host/cli/table.js';
import { QEMU_LINES, type Verdict } from './qemu-lines.js';

/** The words after the program's name. */
function wordsOf(line: string): string[] {
  return line.replace(/^(?:sudo |exec )?qemu-system-(?:x86_64|i386)(?:\.exe)? /, (name) => (name === '' ? name : '')).split('\n').flatMap(splitLine);
}

function judge(line: string): { verdict: Verdict; said: string[] } {
  try {
    const { notes } = readRunOptions(wordsOf(line), true);
    return { verdict: notes.length === 0 ? 'runs' : 'note', said: notes };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { verdict: 'refused', said: error.message.split('\n') };
  }
}

const all = Object.entries(QEMU_LINES).flatMap(([kind, lines]) => lines.map((line) => ({ kind, ...line })));

describe('sixty lines of QEMU\'s', () => {
  it('are twelve of each kind, and no two are the same', () => {
    expect(Object.values(QEMU_LINES).map((lines) => lines.length)).toEqual([12, 12, 12, 12, 12]);
    expect(new Set(all.map(({ line }) => line)).size).toBe(60);
    expect(all.every(({ source }) => source.startsWith('https://'))).toBe(true);
  });

  it.each(all)('$kind: $line', ({ line, verdict, says = [] }) => {
    const answer = judge(line);
    expect(answer.verdict, answer.said.join('\n')).toBe(verdict);
    for (const pattern of says) expect(answer.said.filter((one) => pattern.test(one)), `${pattern}`).not.toEqual([]);
    // Nothing is refused besides what the table says.
    if (verdict === 'refused') expect(answer.said.filter((one) => !says.some((pattern) => pattern.test(one)))).toEqual([]);
  });

  it('at least twenty run as written', () => {
    expect(all.filter(({ line }) => judge(line).verdict !== 'refused').length).toBeGreaterThanOrEqual(20);
  });
});

/** The options of `qemu-system-x86_64 -help`, QEMU 7.2. */
const QEMU_OPTIONS = `h version machine cpu accel smp numa add-fd set global boot m mem-path mem-prealloc k audio-help audio audiodev device name uuid fda fdb hda hdb hdc hdd cdrom
  blockdev drive mtdblock sd snapshot fsdev virtfs iscsi usb usbdevice display nographic spice portrait rotate vga full-screen vnc win2k-hack no-fd-bootchk no-acpi no-hpet acpitable
  smbios netdev nic net chardev tpmdev bios pflash kernel append initrd dtb compat fw_cfg serial parallel monitor qmp qmp-pretty mon debugcon pidfile singlestep preconfig S overcommit
  gdb s d D dfilter seed L enable-kvm xen-domid xen-attach xen-domid-restrict no-reboot no-shutdown action loadvm daemonize option-rom rtc icount watchdog-action echr incoming
  only-migratable nodefaults chroot runas sandbox readconfig no-user-config trace plugin async-teardown msg dump-vmstate enable-sync-profile object`.split(/\s+/);

describe('QEMU\'s options', () => {
  const here = new Set(optionsOf('run').flatMap(namesOf));
  const elsewhere = new Set(ELSEWHERE.flatMap(({ names }) => names));

  it('are all here, or say what to write instead', () => {
    expect(QEMU_OPTIONS.filter((name) => name !== 'version' && !here.has(name) && !elsewhere.has(name))).toEqual([]);
  });

  it('stand in one place', () => {
    expect([...elsewhere].filter((name) => here.has(name))).toEqual([]);
    // --snapshot FILE is ours and -snapshot QEMU's: the two are kept apart by a key.
    const names = optionsOf('run').flatMap((row) => (row.key === undefined ? namesOf(row) : [row.key]));
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});
