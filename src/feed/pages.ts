import type { RecordReader } from '../record/record-reader.js';
import type { EventFilter } from '../record/event-filter.js';
import type { Filter } from './filter.js';
import { MAX_FRAME_BYTES, MAX_FRAME_EVENTS, runsOf, type Recorded, type Run } from './frames.js';

/** How many characters of events the kept pages hold; encoded, they hold them again. */
const MAX_KEPT = 8 * 1024 * 1024;
/** What a page takes besides its events, about: one without any takes room too. */
const ENTRY = 1_000;
/** How far one page looks for what a filter lets pass. */
const REACH = 50_000;

/**
 * The pages that subscribers behind the head read, encoded once for all who are at the same place with the same filter. Pages end at fixed
 * places, so that readers who come from anywhere soon share theirs.
 */
export class Pages {
  private readonly kept = new Map<string, { page: Promise<Run>; size: number }>();
  private size = 0;

  constructor(
    private readonly record: RecordReader,
    private readonly most = MAX_KEPT,
  ) {}

  /** The page behind a position, which must be before the head. */
  async page(filter: Filter, position: number): Promise<Run> {
    const stride = filter.tags ? REACH : MAX_FRAME_EVENTS;
    const end = (Math.floor(position / stride) + 1) * stride;
    const { head } = this.record;
    // A page that the head cuts off grows with the next commit: it is worth keeping for those who ask at the same time.
    const key = `${filter.id}/${position}/${Math.min(end, head)}`;
    const known = this.kept.get(key);
    if (known) {
      this.kept.delete(key);
      this.kept.set(key, known);
      return known.page;
    }
    const entry = { page: this.read(filter, position, Math.min(end, head)), size: 0 };
    this.kept.set(key, entry);
    try {
      const run = await entry.page;
      if (this.kept.get(key) === entry) this.size += entry.size = run.size + ENTRY;
      this.shrink();
      return run;
    } catch (error) {
      this.kept.delete(key);
      throw error;
    }
  }

  private async read(filter: Filter, position: number, upTo: number): Promise<Run> {
    const found: Recorded[] = [];
    let size = 0;
    for await (const events of this.record.events(queryOf(filter), position, upTo, MAX_FRAME_EVENTS)) {
      found.push(...events);
      size += events.reduce((sum, { bytes }) => sum + bytes.length, 0);
      if (size >= MAX_FRAME_BYTES) break;
    }
    const isWhole = found.length < MAX_FRAME_EVENTS && size < MAX_FRAME_BYTES;
    return runsOf(found, isWhole ? upTo : found.at(-1)!.sequence)[0]!;
  }

  private shrink(): void {
    for (const [key, { size }] of this.kept) {
      if (this.size <= this.most) return;
      this.kept.delete(key);
      this.size -= size;
    }
  }
}

/** The filter as the record is asked. */
function queryOf({ axes }: Filter): EventFilter {
  const about = [axes.subjects, axes.zones, axes.parties].filter((streams) => streams !== undefined);
  return { about, ...(axes.kinds && { kind: axes.kinds }), ...(axes.types && { type: axes.types }) } as EventFilter;
}
