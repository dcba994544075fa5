/** The protocol's words and answers, the places it can be spoken at, time by clock_step, and what a monitor's client gets. */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { root } from '../../house/sources.js';
import { freePort } from '../../support/ports.js';
import { hasQemu, start } from './client.js';
import { placeCard } from './pci.js';

const MAIN = join(root, 'build/host/cli/main.js');

/** What is said, and answered. */
const SCRIPT: readonly (readonly [string, string])[] = [
  ['outl 0xcf8 0x80002000', 'OK'],
  ['inl 0xcf8', 'OK 0x80002000'],
  ['inl 0xcfc', 'OK 0x100e8086'],
  ['inw 0xcfe', 'OK 0x100e'],
  ['inb 0xcfd', 'OK 0x0080'],
  ['writeq 0x100 0x1122334455667788', 'OK'],
  ['readb 0x101', 'OK 0x0000000000000077'],
  ['readw 0x100', 'OK 0x0000000000007788'],
  ['readl 0x102', 'OK 0x0000000033445566'],
  ['readq 0x100', 'OK 0x1122334455667788'],
  ['writeb 0x107 255', 'OK'],
  ['writew 0x100 0x0102', 'OK'],
  ['writel 0x102 017', 'OK'],
  ['read 0x100 8', 'OK 0x02010f00000022ff'],
  ['write 0x200 0x4 0xdeadbeef', 'OK'],
  ['write 0x204 0x4 0x11', 'OK'],
  ['read 0x1ff 0xa', 'OK 0x00deadbeef1100000000'],
  ['b64read 0x200 5', 'OK 3q2+7xE='],
  ['b64write 0x300 4 AQIDBA==', 'OK'],
  ['b64write 0x308 2 AQIDBA==', 'OK'],
  ['read 0x300 0xc', 'OK 0x010203040000000001020000'],
  ['memset 0x400 0x4 0x5a', 'OK'],
  ['memset 0x401 0 0x11', 'OK'],
  ['read 0x3ff 6', 'OK 0x005a5a5a5a00'],
  ['endianness', 'OK little'],
  ['irq_intercept_in nosuch', 'FAIL Unknown device'],
  ['irq_intercept_out nosuch', 'FAIL Unknown device'],
  ['set_irq_in nosuch x 1 1', 'FAIL Unknown device'],
  ['irq_intercept_in ioapic', 'OK'],
  ['irq_intercept_in ioapic', 'OK'],
  ['irq_intercept_out ioapic', 'OK'],
  ['set_irq_in ioapic unnamed-gpio-in 5 1', 'IRQ raise 5\nOK'],
  ['set_irq_in ioapic unnamed-gpio-in 5 1', 'OK'],
  ['set_irq_in ioapic unnamed-gpio-in 5 0', 'IRQ lower 5\nOK'],
  ['rtas get-time-of-day 0 0 0 0', "FAIL Unknown command 'rtas'"],
  ['frob', "FAIL Unknown command 'frob'"],
];

const answersOf = (script: readonly (readonly [string, string])[]): string => script.map(([, answer]) => `${answer}\n`).join('');
const wordsOf = (script: readonly (readonly [string, string])[]): string => script.map(([words]) => `${words}\n`).join('');

/** A process's answer to lines on its standard input. */
function overStdio(program: string, args: readonly string[], input: string, lines: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let [said, complaint] = ['', ''];
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.split('\n').length > lines) resolve(said);
    });
    child.on('error', reject);
    child.on('close', (code) => reject(new Error(`${program} ended with status ${code} after "${said}": ${complaint}`)));
    child.stdin.write(input);
  });
}

const LINES = answersOf(SCRIPT).split('\n').length - 1;

describe('the protocol', () => {
  it('answers as it should, over standard input and output', async () => {
    expect(await overStdio(process.execPath, [MAIN, 'qtest', '-device', 'e1000,addr=4'], wordsOf(SCRIPT), LINES)).toBe(answersOf(SCRIPT));
  });

  // Without QEMU there is nothing to compare with.
  it.skipIf(!hasQemu)('answers as QEMU does', async () => {
    const args = ['-S', '-machine', 'q35', '-nodefaults', '-display', 'none', '-qtest', 'stdio', '-qtest-log', 'none', '-device', 'e1000,addr=4'];
    expect(await overStdio('qemu-system-x86_64', args, wordsOf(SCRIPT), LINES)).toBe(answersOf(SCRIPT));
  });

  it('answers what is malformed with ERR, and goes on', async () => {
    const client = await start('pintail');
    const malformed = ['readl', 'readl zero', 'outb 0x80', 'write 0x100 4 deadbeef', 'read 0x100 0', 'read 0xffffffffffffffff 2', 'writeq 0 0x10000000000000000', 'memset 0 0x7fffffffffffffff 1', 'clock_set soon', 'clock_step -1', 'clock_set 0x8000000000000000'];
    for (const words of malformed) expect(await client.ask(words)).toMatch(/^ERR /);
    expect(await client.ask('module_load x y')).toBe("FAIL Unknown command 'module_load'");
    expect(await client.ask('endianness')).toBe('OK little');
  });

  it('moves time past a million timers in several commands, and says how far it came', async () => {
    const client = await start('pintail');
    for (const [port, value] of [[0x43, 0x34], [0x40, 0], [0x40, 0x10]]) await client.out(port!, 1, value!);
    expect(await client.ask('clock_set 0x7fffffffffffffff')).toMatch(/^ERR 1000000 timers have fired and the clock is at \d+; ask again to go on/);
    expect(await client.ask('endianness')).toBe('OK little');
  });

  it('reads what is nowhere as ones, and drops what is written there', async () => {
    const client = await start('pintail');
    await client.store(0xd0000000, 5);
    expect(await client.ask('readq 0xd0000000')).toBe('OK 0xffffffffffffffff');
    expect(await client.ask('read 0xcffffffe 4')).toBe('OK 0xffffffff');
    expect(await client.ask('read 0x3fffffe 4')).toBe('OK 0x0000ffff');
  });

  it('resets the board by cf9h, and ends with a power-off', async () => {
    const client = await start('pintail', { args: ['-device', 'e1000,addr=4'] });
    const { pci } = await placeCard(client);
    expect(await pci.get(0x10)).not.toBe(0);
    await client.out(0xcf9, 1, 6);
    expect(await pci.get(0x10)).toBe(0);
    client.ask('outw 0x604 0x2000').catch(() => undefined);
    await expect(client.ask('endianness')).rejects.toThrow('has ended');
  });
});

describe("what QEMU's test library does", () => {
  it('leaves the low bits of a register in CONFIG_ADDRESS, and reads the first data port', async () => {
    const client = await start('pintail', { args: ['-device', 'e1000,addr=4'] });
    for (const [offset, bytes, value] of [[0x2e, 2, 0x001e], [0x0b, 1, 0x02], [0x02, 2, 0x100e], [0x00, 4, 0x100e8086]] as const) {
      await client.out(0xcf8, 4, (0x80002000 | offset) >>> 0);
      expect(await client.in(0xcfc, bytes)).toBe(value);
    }
    await client.out(0xcf8, 4, 0x8000203d);
    await client.out(0xcfc, 1, 0xff);
    await client.out(0xcf8, 4, 0x8000203c);
    expect(await client.in(0xcfc, 2)).toBe(0x0100);
  });
  it('asks fw_cfg how much memory there is', async () => {
    const client = await start('pintail');
    await client.out(0x510, 2, 3);
    let bytes = 0;
    for (let i = 0; i < 8; i++) bytes += (await client.in(0x511, 1)) * 256 ** i;
    expect(bytes).toBe(64 << 20);
  });
});

describe('time', () => {
  it('stands still but for clock_step and clock_set, which never go back', async () => {
    const client = await start('pintail');
    expect(await client.ask('clock_step 100')).toBe('OK 100');
    expect(await client.ask('clock_step')).toBe('OK 100');
    expect(await client.ask('clock_set 5000')).toBe('OK 5000');
    expect(await client.ask('clock_set 10')).toBe('OK 5000');
    expect(await client.ask('readq 0')).toBe('OK 0x0000000000000000');
    expect(await client.ask('clock_step 0')).toBe('OK 5000');
  });

  it('fires timers one by one: a PIT of 1 kHz on line 0', async () => {
    const client = await start('pintail');
    await client.ok('irq_intercept_in ioapic');
    await client.out(0x43, 1, 0x34);
    await client.out(0x40, 1, 0xa9);
    await client.out(0x40, 1, 0x04);
    expect(await client.ask('clock_step 10500000')).toBe('OK 10500000');
    expect(client.edges.filter((edge) => edge === 'raise 0')).toHaveLength(10);
    const before = await client.number('clock_step 0');
    expect((await client.number('clock_step')) - before).toBeLessThan(1_000_000);
  });

  it('starts the RTC where it is told, and moves it on', async () => {
    const client = await start('pintail', { args: ['-rtc', 'base=2026-11-22T12:34:56,clock=vm'] });
    const cmos = async (at: number): Promise<number> => {
      await client.out(0x70, 1, at);
      return client.in(0x71, 1);
    };
    const now = async (): Promise<number[]> => [await cmos(9), await cmos(8), await cmos(7), await cmos(4), await cmos(2), await cmos(0)];
    expect(await now()).toEqual([0x26, 0x11, 0x22, 0x12, 0x34, 0x56]);
    await client.ok('clock_step 5000000000');
    expect(await now()).toEqual([0x26, 0x11, 0x22, 0x12, 0x35, 0x01]);
  });

  it("runs a card's timers: e1000's RDTR holds the interrupt of a frame back", async () => {
    const client = await start('pintail', { wire: true, args: ['-device', 'e1000,netdev=wire,addr=4'] });
    await client.ok('irq_intercept_in ioapic');
    const { bars } = await placeCard(client);
    const set = (at: number, value: number): Promise<void> => client.store(bars[0]! + at, value);
    await set(0, 0x41);
    await client.write(0x20000, [0, 0, 8, 0, 0, 0, 0, 0]);
    for (const [at, value] of [[0x2800, 0x20000], [0x2808, 128], [0x2818, 4], [0x2820, 100], [0xd0, 0x80], [0x100, 0x8008]] as const) await set(at, value);
    await client.load(bars[0]! + 0xc0);
    await set(0x100, 0x800a);
    client.edges.length = 0;
    client.give([...Array.from({ length: 6 }, () => 255), 2, 0, 0, 0, 0, 9, 8, 6, ...Array.from({ length: 50 }, () => 0)]);
    await client.until(async () => ((await client.load(0x2000c)) & 1) !== 0, 'the frame');
    await client.ok('clock_step 102399');
    expect(client.edges).toEqual([]);
    await client.ok('clock_step 1');
    expect(client.edges).toEqual(['raise 16']);
  });
});

describe('places', () => {
  it('listens on TCP, for one client after another', async () => {
    const port = await freePort();
    const child = spawn(process.execPath, [MAIN, 'qtest', '--listen', `tcp:127.0.0.1:${port}`], { stdio: 'ignore' });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    onTestFinished(() => void child.kill('SIGKILL'));
    expect(await talk(port, 'writeb 0x500 7\n')).toBe('OK\n');
    expect(await talk(port, 'readb 0x500\n')).toBe('OK 0x0000000000000007\n');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('gives a monitor what a test library asks for at the start', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'qtest-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const path = join(dir, 'qmp');
    const said: string[] = [];
    let clients = 0;
    const server = createServer((socket) => {
      clients++;
      socket.setEncoding('utf8').on('error', () => undefined);
      socket.on('data', (chunk: string) => {
        said.push(...chunk.trim().split('\n'));
        const next = [
          '{"execute": "qmp_capabilities"}', '{"execute": "query-frobs", "id": 3}', '{"execute": "query-machines"}',
          '{"execute": "qom-list-types", "arguments": {"abstract": true, "implements": "device"}}', '{"execute": "system_reset"}', undefined, '{"execute": "quit"}',
        ][said.length - 1];
        if (next !== undefined) socket.write(`${next}\n`);
      });
    });
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const client = start('pintail', { args: ['-chardev', `socket,path=${path},id=char0`, '-mon', 'chardev=char0,mode=control', '-accel', 'qtest', '-audio', 'none'] });
    await client;
    await expect.poll(() => said.length, { timeout: 20_000 }).toBe(8);
    expect(clients).toBe(1);
    expect(said.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { QMP: { version: { qemu: { major: 7 } } } },
      { return: {} },
      { error: { class: 'CommandNotFound' }, id: 3 },
      { return: [{ name: 'q35', 'cpu-max': 1 }] },
      { return: expect.arrayContaining([{ name: 'e1000' }, { name: 'pcnet' }, { name: 'virtio-net-pci' }]) },
      { return: {} },
      { event: 'RESET' },
      { return: {} },
    ]);
  });

  it('says what is wrong with a command line', async () => {
    const complaint = (...args: string[]): Promise<string> =>
      new Promise((resolve) => {
        const child = spawn(process.execPath, [MAIN, 'qtest', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
        let text = '';
        child.stderr.setEncoding('utf8').on('data', (more: string) => (text += more));
        child.on('close', (code) => resolve(`${code} ${text}`));
      });
    expect(await complaint('-qtest', 'carrier-pigeon')).toMatch(/^2 .*stdio, unix:PATH or tcp:HOST:PORT/);
    expect(await complaint('-qtest', 'unix:/nonexistent/place')).toMatch(/^1 .*cannot connect \(there is no such file\)/);
    expect(await complaint('-rtc', 'base=yesterday')).toMatch(/^2 .*base is utc, localtime or a date/);
    expect(await complaint('-machine', 'pc')).toMatch(/^2 .*only q35/);
    expect(await complaint('-device', 'e1000,addr=4', '-device', 'pcnet,addr=4')).toMatch(/^2 .*there is a card at 4 already/);
    for (const addr of ['0', '1f', '20', '4.1', 'x', '-1']) expect(await complaint('-device', `e1000,addr=${addr}`)).toMatch(/^[12] .*(slot|addr)/);
    for (const mac of ['52:54:00:12:34', '53:54:00:12:34:56', 'zz:54:00:12:34:56', '']) expect(await complaint('-device', `pcnet,mac=${mac}`)).toMatch(/^[12] .*(MAC|multicast|mac needs a value)/);
    for (const [most, model] of [[16, 'virtio-rng-pci'], [8, 'pcnet']] as const) {
      expect(await complaint(...Array.from({ length: most + 1 }, () => ['-device', model]).flat())).toMatch(/^1 .*more cards than this machine has room for/);
    }
    expect(await complaint('--', 'true')).toMatch(/^2 .*runs no command/);
  });
});

/** One conversation of one line, tried again until somebody listens. */
async function talk(port: number, words: string): Promise<string> {
  for (let tries = 0; ; tries++) {
    try {
      return await new Promise<string>((resolve, reject) => {
        const socket = createConnection(port, '127.0.0.1', () => socket.write(words));
        socket.setEncoding('latin1').on('data', (chunk: string) => {
          socket.destroy();
          resolve(chunk);
        });
        socket.on('error', reject);
      });
    } catch (error) {
      if (tries > 600) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
