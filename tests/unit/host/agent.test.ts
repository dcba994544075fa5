/** The host's side of the agent: what a guest that does not keep to the protocol can do to it. */
import { describe, expect, it } from 'vitest';
import { SerialUse } from '../../../host/guest/protocol.js';
import { Agent } from '../../../host/machine/agent.js';

const text = new TextEncoder();
const control = (agent: Agent, line: string): void => void agent.receive(SerialUse.control, text.encode(line));

describe('the control port', () => {
  it('takes messages in pieces', async () => {
    const agent = new Agent(() => undefined, () => undefined, () => undefined, true);
    const result = agent.start(['true'], {}, false).result;
    for (const piece of ['ex', 'it 1', ' 7\nrea', 'dy 1\n']) control(agent, piece);
    expect((await result).code).toBe(7);
  });

  it('keeps nothing of a line without end, and is well after it', async () => {
    const agent = new Agent(() => undefined, () => undefined, () => undefined, true);
    const result = agent.start(['true'], {}, false).result;
    const flood = new Uint8Array(1 << 16).fill(0x41);
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 2000; i++) agent.receive(SerialUse.control, flood);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 << 20);
    control(agent, 'exit 1 9\n');
    expect(agent.ready).toBe(false); // the end of that line, not a message
    control(agent, 'exit 1 5\n');
    expect((await result).code).toBe(5);
  });
});
