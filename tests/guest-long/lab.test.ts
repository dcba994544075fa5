/** The peer inside the module before each card: tests/guest has one of each in `npm test`. */
import { beforeAll, describe, expect, it } from 'vitest';
import { prepareGuest } from '../../host/guest/index.js';
import { checkEcho, checkSink, checkSource, countsOf } from '../guest/lab/cases.js';

beforeAll(() => prepareGuest('amd64'), 600_000);

describe.each(['virtio-net', 'e1000', 'pcnet'] as const)('%s before', (model) => {
  it('a sink, twice the same', async () => expect(countsOf(await checkSink(model))).toEqual(countsOf(await checkSink(model))));
  it('a source', () => checkSource(model));
  it('an echo', () => checkEcho(model));
});
