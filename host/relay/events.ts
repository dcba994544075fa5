/** What the relay's log tells, one row each. `often`: a stranger decides how often; past a bound such lines are counted and left out. */

export const RELAY_EVENTS = {
  listening: { often: false, about: 'where, and whether a token is needed' },
  opened: { often: true, about: 'a WebSocket: connection, client, path' },
  refused: { often: true, about: 'what was not let in: client, path, reason' },
  stream: { often: true, about: 'a stream of a connection: kind, host, port and the verdict (connected, blocked, refused...)' },
  broken: { often: true, about: 'a message that is none of the protocol; its connection ends' },
  closed: { often: true, about: 'connection, bytes each way, streams, reason' },
  'left out': { often: false, about: 'lines of the second before that were too many' },
  ended: { often: false, about: 'the relay' },
} as const;

export type RelayEvent = keyof typeof RELAY_EVENTS;
