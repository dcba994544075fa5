/** Two ends of a stream in memory. */
import { Duplex } from 'node:stream';

export function duplexPair(): [Duplex, Duplex] {
  let other: Duplex;
  const make = (to: () => Duplex): Duplex =>
    new Duplex({ read: () => undefined, write: (bytes: Buffer, _encoding, done) => { to().push(bytes); done(); }, final: (done) => { to().push(null); done(); } });
  const one = make(() => other);
  other = make(() => one);
  return [one, other];
}
