/** The words of -netdev lab: what they come to, what is refused, and a lab as it is with changes, in words again. */
import { describe, expect, it } from 'vitest';
import { changedText, wordsOf, type LabChanges, type LabOptions } from '../../../host/net/lab.js';
import { parseNetdev } from '../../../host/net/netdev.js';

function labOf(text: string): LabOptions {
  const spec = parseNetdev(text);
  if (spec.type !== 'lab') throw new Error(`${text} is no lab`);
  return spec.options;
}
const changed = (text: string, changes: LabChanges): LabChanges => wordsOf(labOf(changedText('n0', labOf(`lab,id=n0,${text}`), changes)));

describe('words', () => {
  it('come to addresses that suit the protocol, which a lab without one has none of', () => {
    expect(wordsOf(labOf('lab,id=n0'))).toEqual({ mode: 'sink', proto: 'raw' });
    expect(wordsOf(labOf('lab,id=n0,ip=10.1.2.3'))).toEqual({ mode: 'sink', proto: 'raw', ip: '10.1.2.3' });
    expect(labOf('lab,id=n0,mode=source,proto=udp6')).toMatchObject({ size: 74, port: 7, sourcePort: 49152, flows: 1 });
    expect(wordsOf(labOf('lab,id=n0,mode=source,proto=udp6'))).toMatchObject({ ip6: 'fec0::2', guest6: 'fec0::15' });
  });

  it.each([
    ['mode=sink,rate=5', 'rate= is for mode=source'], ['mode=source,proto=raw,port=5', 'port= is for a protocol: proto=udp, udp6 or icmp'], ['mode=source,proto=udp6,size=60', 'size=60: want a number from 74 to 9014'],
    ['mode=source,arrivals=random', 'arrivals=random: want even, poisson'], ['mode=source,start=soon', 'start=soon: want listen, mark, now'], ['mode=source,proto=udp,sport=65000,flows=1000', 'flows=1000: want a number from 1 to 536'],
    ['mode=source,replay=a.pcapng,rate=5', 'rate= says nothing beside replay='], ['mode=source,replay=', 'replay= needs the name'], ['fifo=5', 'fifo= is for a line with a speed='], ['loss=0.5', 'a lab is inside the module, where frames pass no faults'],
  ])('lab,id=n0,%s is refused', (text, problem) => expect(() => parseNetdev(`lab,id=n0,${text}`)).toThrow(problem));
});

describe('changes', () => {
  it('leave all else as it is', () => {
    expect(changed('mode=source,proto=icmp,rate=7,burst=2,size=100,speed=1G', { rate: 9 })).toEqual({ ...wordsOf(labOf('lab,id=n0,mode=source,proto=icmp,rate=7,burst=2,size=100,speed=1G')), rate: 9 });
  });

  it('of mode and protocol leave out what those have no use for', () => {
    expect(changed('mode=source,proto=udp,flows=5', { mode: 'echo' })).toEqual({ mode: 'echo', proto: 'udp', ip: '10.0.2.2' });
    expect(changed('mode=source,proto=udp,flows=5,size=60', { proto: 'udp6' })).toMatchObject({ proto: 'udp6', size: 74, ip6: 'fec0::2' });
    expect(changed('speed=1G', { speed: 0 })).toEqual({ mode: 'sink', proto: 'raw' });
    expect(changed('mode=sink', { mode: 'source', rate: 3 })).toMatchObject({ mode: 'source', rate: 3, size: 60, start: 'listen' });
  });

  it('are refused as words are', () => {
    expect(() => changed('mode=sink', { rate: 3 })).toThrow('rate= is for mode=source');
    expect(() => changed('mode=source', { rate: -1 })).toThrow('rate=-1: want a number');
    expect(() => changed('mode=sink', { nothing: 1 } as LabChanges)).toThrow('unknown key "nothing"');
  });
});
