import type { RecordedEvent } from '../../event/event.js';
import { dated } from '../../folding/fact.js';
import { columnsOf, filed, type Filing } from '../../record/filing.js';
import { HistoryReader } from '../../record/history-reader.js';
import type { Db } from '../../record/schema.js';
import type { Bounds } from '../../time/occurred.js';
import { canonicallyRead, named } from '../event-checks.js';
import type { Finding } from '../finding.js';
import type { VerifiedPage } from '../source.js';
import type { EventRows } from './event-rows.js';
import { ENTRY, isDamage, readable } from './readable.js';
import type { TagSum } from './tag-sum.js';

/** Holds what events are found by, their columns and tags, against what they say. */
export class FilingCheck {
  private readonly histories: HistoryReader;

  constructor(
    private readonly db: Db,
    private readonly rows: EventRows,
    /** Of the tags that the events should have. */
    readonly tags: TagSum,
  ) {
    this.histories = new HistoryReader(db);
  }

  page({ after, entries, events, leaves }: Pick<VerifiedPage, 'after' | 'entries' | 'events' | 'leaves'>): Finding[] {
    const wrong: Finding[] = [];
    events.forEach((event, at) => {
      const sequence = after + at + 1;
      const filing = readable(sequence, () => this.filing(event));
      for (const tag of filing?.tags ?? []) this.tags.add(tag, sequence);
      const fault = filing
        ? this.rows.wrongColumn(sequence, [...columnsOf(filing.event, filing.print), leaves[at]!, 'text'])
        : event
          ? 'what it amends'
          : 'the form';
      if (fault !== undefined) wrong.push(misfiled(entries[at]!, sequence, fault));
    });
    return wrong;
  }

  /** The first event that is not found by what it says, or is found by what it does not say. Slow, and only where it is known that there is one. */
  wrongTag(head: number): Finding {
    const stray = this.strayTag();
    const missing = this.missingTag(Math.min(stray?.sequence ?? Infinity, head));
    return missing ?? stray ?? { code: 'index-changed', message: 'the tags are not those of the events' };
  }

  /** How an event must be filed; undefined where it amends what is not there, or is none. */
  private filing(said: RecordedEvent | undefined): (Filing & { event: RecordedEvent & Bounds }) | undefined {
    if (!said) return undefined;
    try {
      const event = dated(said);
      const filing = { event, ...filed(event, this.histories) };
      return filing.tags.every((tag) => typeof tag === 'string') ? filing : undefined;
    } catch (error) {
      if (isDamage(error)) throw error;
      return undefined;
    }
  }

  private missingTag(upTo: number): Finding | undefined {
    const select = this.db.prepare<[string, number], number>('SELECT 1 FROM tags WHERE tag = ? AND sequence = ?').pluck();
    for (let sequence = 1; sequence <= upTo; sequence++) {
      const bytes = this.bytes(sequence);
      const tags = (bytes && this.filing(canonicallyRead(bytes))?.tags) ?? [];
      if (tags.some((tag) => select.get(tag, sequence) === undefined)) return misfiled(bytes!, sequence, 'the tags');
    }
    return undefined;
  }

  private strayTag(): Finding | undefined {
    let first: number | undefined;
    for (const { tag, sequence } of this.db.prepare<[], { tag: string; sequence: number }>('SELECT tag, sequence FROM tags').iterate()) {
      if (first !== undefined && sequence >= first) continue;
      const bytes = this.bytes(sequence);
      if (!bytes || !this.filing(canonicallyRead(bytes))?.tags.includes(tag)) first = sequence;
    }
    if (first === undefined) return undefined;
    const bytes = this.bytes(first);
    if (bytes) return misfiled(bytes, first, 'the tags');
    const stray: Finding = { code: 'index-changed', message: 'tags are left of an event that is not there' };
    return first > 0 && Number.isSafeInteger(first) ? { ...stray, sequence: first } : stray;
  }

  private bytes(sequence: number): Buffer | undefined {
    return this.db.prepare<[number], Buffer>(`SELECT ${ENTRY} FROM events WHERE sequence = ?`).pluck().get(sequence);
  }
}

function misfiled(entry: Buffer, sequence: number, what: string): Finding {
  return { code: 'index-changed', message: `it is not found by what it says: ${what}`, ...named(entry, sequence) };
}
