import { EVENT_ID, OPEN, problems, query } from './openapi-parts.js';

/** The record as a transparency log (C2SP `tlog-tiles`), and the proof of one event. */
export const LOG_PATHS = {
  '/log/checkpoint': { get: { ...text('The newest checkpoint, a C2SP signed note'), ...OPEN } },
  '/log/vkey': { get: { ...text('The verifier keys of the log, one a line'), ...OPEN } },
  '/log/consistency': {
    get: {
      ...text(
        'That the tree of one size begins with the tree of another: hashes in base64, one a line; none where that needs no proof',
        [size('old', 'How many events the earlier tree has'), size('new', 'How many the later one has')],
        ['400'],
      ),
      ...OPEN,
    },
  },
  '/log/tile/{path}': {
    get: {
      ...bytes('A tile of the tree: 32 bytes a hash, at most 256 of them', 'The level and the index: 0/x001/x234/067, or 0/000.p/12'),
      ...OPEN,
    },
  },
  '/log/tile/entries/{path}': {
    get: bytes('A bundle of at most 256 events, each after its length in two bytes', 'The index: x001/x234/067, or 000.p/12'),
  },
  '/v1/events/{id}/proof': {
    get: text('The C2SP tlog-proof of an event. It waits for the checkpoint that covers the event', [EVENT_ID], ['400', '404']),
  },
};

function text(summary: string, parameters: unknown[] = [], refusals: string[] = []) {
  const responses = {
    '200': { description: summary, content: { 'text/plain': { schema: { type: 'string' } } } },
    ...problems(...refusals),
  };
  return { tags: ['proof'], summary, parameters, responses };
}

function bytes(summary: string, path: string) {
  const parameters = [{ name: 'path', in: 'path', required: true, schema: { type: 'string' }, description: path }];
  const content = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } };
  return { tags: ['proof'], summary, parameters, responses: { '200': { description: summary, content }, ...problems('404') } };
}

function size(name: string, description: string) {
  return { ...query(name, { type: 'integer', minimum: 0 }, description), required: true };
}
