/** The host's side of the agent: what a guest that does not keep to the protocol can do to it, and back-pressure both ways. */
import { describe, expect, it } from 'vitest';
import { SerialUse } from '../../../host/guest/protocol.js';
import { Agent } from '../../../host/machine/agent.js';
import { AgentPort } from '../../../host/machine/agent-port.js';

const text = new TextEncoder();
const plain = new TextDecoder();

/** An agent that is up, what it sent to its guest, and how that answers. */
function setUp(ready = true) {
  const port = new AgentPort();
  const sent: string[] = [];
  const input: string[] = [];
  let drops = 0;
  let rooms = 0;
  port.listen({ data: (bytes) => void input.push(plain.decode(bytes)), changed: () => undefined, room: () => void rooms++, drop: () => void drops++ });
  const agent = new Agent({ control: (bytes) => void sent.push(plain.decode(bytes)), port, onWaiting: () => undefined, dateToTell: () => undefined, ready, addresses: [] });
  return {
    agent, port, sent, input,
    get drops() { return drops; },
    get rooms() { return rooms; },
    guest: (bytes: string) => port.write(text.encode(bytes)),
    control: (line: string) => agent.receive(SerialUse.control, text.encode(line)),
  };
}

const frame = (kind: string, id: number, data = ''): string => `${kind}${id.toString(16).padStart(7, '0')}${data.length.toString(16).padStart(7, '0')}\n${data}`;

describe('frames', () => {
  it('are taken in pieces, by kind, and a command has ended behind its output', async () => {
    const { agent, guest } = setUp();
    const result = agent.start(['true'], {}).result;
    for (const piece of `${frame('o', 1, 'out')}${frame('e', 1, 'wrong')}${frame('o', 1, 'put')}${frame('x', 1, '7')}`) guest(piece);
    const { stdout, stderr, code } = await result;
    expect([plain.decode(stdout), plain.decode(stderr), code]).toEqual(['output', 'wrong', 7]);
  });

  it('of a command that has ended are not taken for the next one\'s', async () => {
    const { agent, guest } = setUp();
    const first = agent.start(['true'], {}).result;
    const second = agent.start(['true'], {}).result;
    guest(`${frame('x', 1, '0')}${frame('o', 1, 'late')}${frame('x', 1, '9')}${frame('o', 2, 'own')}${frame('x', 2, '0')}`);
    expect((await first).stdout.length).toBe(0);
    const { stdout, code } = await second;
    expect([plain.decode(stdout), code]).toEqual(['own', 0]);
  });

  it.each(['no frame at all......', frame('x', 1, '1234'), frame('x', 1, 'ab'), frame('i', 1, 'x')])('what is none ends it, and what comes after is dropped: %j', async (bytes) => {
    const { agent, guest } = setUp();
    const result = agent.start(['true'], {}).result;
    const refused = expect(result).rejects.toThrow(/does not keep to its protocol/);
    guest(bytes);
    guest(frame('x', 1, '0'));
    await refused;
    expect(agent.ready).toBe(false);
  });
});

it('keeps nothing of a control line without end, and is well after it', async () => {
  const { agent, control, sent } = setUp(false);
  const result = agent.start(['true'], {}).result;
  const flood = new Uint8Array(1 << 16).fill(0x41);
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 2000; i++) agent.receive(SerialUse.control, flood);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 << 20);
  control('ready 4\n');
  expect(sent).toEqual([]); // the end of that line, not a message
  control('ready 4\n');
  expect(sent).toEqual(["exec 0000001 - '' 0 'true'\n"]);
  agent.fail('over');
  await expect(result).rejects.toThrow('over');
});

it('who takes output slowly holds the port', async () => {
  const world = setUp();
  const { agent, guest, port } = world;
  let release = (): void => undefined;
  const taken: string[] = [];
  const onStdout = (bytes: Uint8Array): Promise<void> => {
    taken.push(plain.decode(bytes));
    return new Promise((resolve) => (release = resolve));
  };
  const result = agent.start(['true'], { onStdout }).result;
  expect(port.room).toBe(true);
  guest(frame('o', 1, 'a'));
  expect([port.room, world.rooms]).toEqual([false, 0]);
  release();
  await new Promise(setImmediate);
  expect([port.room, world.rooms]).toEqual([true, 1]);
  guest(frame('x', 1, '0'));
  await result;
  expect(taken).toEqual(['a']);
});

describe('standard input', () => {
  it('is sent when the command reads, up to what the port takes, and its end is an empty frame', async () => {
    const world = setUp();
    const { agent, guest, port, input } = world;
    const result = agent.start(['cat'], { stdin: 'x'.repeat(100_000) }).result;
    expect(input).toEqual([]);
    port.pause();
    guest(frame('i', 1));
    expect(input).toEqual([]);
    port.resume();
    expect(input.map((it) => it.length - 16)).toEqual([32752, 32752, 32752, 1744, 0]);
    expect(input.at(-1)).toBe(frame('i', 1));
    guest(frame('x', 1, '0'));
    await result;
    expect(world.drops).toBe(1);
  });

  it('that the command does not wait for is closed and goes nowhere', async () => {
    const { agent, guest, input } = setUp();
    let closed = false;
    let give = (_: string): void => undefined;
    async function* chunks(): AsyncGenerator<Uint8Array> {
      try {
        yield text.encode('first');
        yield text.encode(await new Promise<string>((resolve) => (give = resolve)));
      } finally {
        closed = true;
      }
    }
    const result = agent.start(['head', '-1'], { stdin: chunks() }).result;
    guest(frame('i', 1));
    await new Promise(setImmediate);
    expect(input).toEqual([frame('i', 1, 'first')]);
    guest(frame('x', 1, '0'));
    await result;
    give('late');
    await new Promise(setImmediate);
    expect(input).toEqual([frame('i', 1, 'first')]);
    expect(closed).toBe(true);
  });
});
