/** What passes a Linux guest's wire is told and can be made worse, on this thread and in a worker; and its agent answers beside the shell on its console. */
import { createMachine } from 'pintail';
import { describe, expect, it } from 'vitest';

const decoder = new TextDecoder();
const PING = ['ping', '-c', '1', '-W', '1', '10.0.2.2'];

describe.each([['on this thread', false], ['in a worker', true]])('a guest %s', (_where, worker) => {
  it('shows its frames, and loses them where its wire does', async () => {
    await using machine = await createMachine({ guest: 'amd64', memoryMiB: 128, worker, agent: 'shell', netdevs: ['user,id=n0'], devices: [{ model: 'e1000', netdev: 'n0' }] });
    let shown = '';
    machine.on('console', (bytes) => (shown += decoder.decode(bytes, { stream: true })));
    await machine.frames();
    await machine.exec(['true']);
    const lease = await machine.frames();
    expect(lease.missed).toBe(0);
    // BOOTP's ports, in UDP over IPv4: discover, offer, request, acknowledgement.
    const ports = lease.frames.filter(({ bytes }) => bytes[12] === 8 && bytes[13] === 0 && bytes[23] === 17).map(({ bytes, toGuest }) => [toGuest, bytes[35]]);
    expect(ports.slice(0, 4)).toEqual([[false, 68], [true, 67], [false, 68], [true, 67]]);
    expect((await machine.exec(PING)).code).toBe(0);
    const pings = (await machine.frames()).frames.filter(({ bytes }) => bytes[23] === 1);
    expect(pings.map(({ bytes, toGuest }) => [toGuest, bytes[34]])).toEqual([[false, 8], [true, 0]]);
    expect(pings[1]!.virtualNs).toBeGreaterThanOrEqual(pings[0]!.virtualNs);

    await machine.setWire('n0', { loss: 1 });
    expect((await machine.exec(PING)).code).toBe(1);
    await machine.setWire('n0', { delayNs: 20_000_000 });
    const { stdout } = await machine.exec(PING);
    // Both ways, by the guest's own clock, which it has measured.
    expect(Number(/time=([\d.]+) ms/.exec(decoder.decode(stdout))![1])).toBeGreaterThan(39);
    await expect(machine.setWire('n1', {})).rejects.toThrow('netdev: no card is connected to "n1"');

    // Behind all that there was a shell.
    expect(shown).toMatch(/\/ # /);
    machine.attachInput(true);
    machine.write('echo $((6 * 7)) there\r');
    const run = machine.run();
    await expect.poll(() => shown, { timeout: 60_000 }).toContain('42 there');
    // An agent in the background ignores INT; what it runs does not.
    const sleeper = machine.spawn(['sleep', '1000']);
    sleeper.kill('INT');
    expect(await sleeper.exited).toBe(130);
    machine.write('exit\r');
    expect((await run).reason).toBe('poweroff');
  });
});
