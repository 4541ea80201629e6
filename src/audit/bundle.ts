import { MAX_ENTRY_BYTES, parseBundle } from '../proof/entry-bundle.js';
import { TILE_WIDTH, tilePath, tileWidth } from '../proof/tile-path.js';
import { FindingError, type FindingCode } from './finding.js';

const LENGTH_BYTES = 2;

/** What a bundle has at most. */
export const MAX_BUNDLE_BYTES = TILE_WIDTH * (LENGTH_BYTES + MAX_ENTRY_BYTES);

/** How many bundles are asked for before the first of them has been used: whoever is far away would else be waited for each time. */
const AT_ONCE = 4;

interface Bundle {
  level: 'entries';
  index: number;
  width: number;
}

/** Reads a bundle of entries, or gives nothing where there is none. */
export type ReadBundle = (bundle: Bundle) => Promise<Buffer | undefined>;

/** The entries behind `after`, up to and with the `size`-th, out of bundles of which a few are asked for at once. */
export async function* entriesOfBundles(read: ReadBundle, after: number, size: number): AsyncGenerator<readonly Buffer[]> {
  const end = Math.ceil(size / TILE_WIDTH);
  const begin = (index: number) => {
    const bundle = { level: 'entries' as const, index, width: tileWidth({ level: 'entries', index }, size) };
    const reading = parts(read, bundle);
    // It may fail before its turn has come, and is told of then.
    reading.catch(() => {});
    return reading;
  };
  let index = Math.floor(after / TILE_WIDTH);
  const coming = Array.from({ length: Math.min(AT_ONCE, Math.max(end - index, 0)) }, (_, at) => begin(index + at));
  for (let first = index * TILE_WIDTH; coming.length > 0; first += TILE_WIDTH) {
    const { entries, fault } = await coming.shift()!;
    if (index + AT_ONCE < end) coming.push(begin(index + AT_ONCE));
    index++;
    yield entries.slice(Math.max(after - first, 0));
    if (fault) throw fault;
  }
}

/** The entries that a bundle has whole, and what is wrong with it: all that comes before a cut can still be held against its hashes. */
async function parts(read: ReadBundle, bundle: Bundle): Promise<{ entries: Buffer[]; fault?: FindingError }> {
  const path = tilePath(bundle);
  const first = bundle.index * TILE_WIDTH + 1;
  const { width } = bundle;
  const fault = (code: FindingCode, sequence: number, message: string) => new FindingError({ code, sequence, message });
  let bytes: Buffer | undefined;
  let isCut = false;
  try {
    bytes = await read(bundle);
    // A log may let go of a bundle that is not full once the full one is there.
    if (!bytes && width < TILE_WIDTH) {
      bytes = await read({ ...bundle, width: TILE_WIDTH });
      isCut = true;
    }
  } catch (error) {
    if (error instanceof FindingError) return { entries: [], fault: fault(error.finding.code, first, error.message) };
    throw error;
  }
  if (!bytes) return { entries: [], fault: fault('event-missing', first, `${path} is not there`) };
  const end = wholePart(bytes);
  const entries = parseBundle(bytes.subarray(0, end));
  if (isCut && entries.length >= width) return { entries: entries.slice(0, width) };
  if (entries.length === width && end === bytes.length) return { entries };
  if (entries.length >= width)
    return {
      entries: entries.slice(0, width),
      fault: fault('file-changed', first + width - 1, `${path} has more than its ${width} events`),
    };
  const message = `${path} has ${entries.length} whole events, and should have ${width}`;
  return { entries, fault: fault('event-missing', first + entries.length, message) };
}

/** Where the last entry ends that is there whole. */
function wholePart(bundle: Buffer): number {
  let end = 0;
  while (end + LENGTH_BYTES <= bundle.length) {
    const next = end + LENGTH_BYTES + bundle.readUInt16BE(end);
    if (next > bundle.length) break;
    end = next;
  }
  return end;
}
