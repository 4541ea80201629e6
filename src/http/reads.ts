import { Inject, Injectable } from '@nestjs/common';
import { RecordReader } from '../record/record-reader.js';
import { HttpRefusal } from './problems.js';
import type { Query } from './query.js';

/** How long a read waits for a sequence that is still to come. */
const PATIENCE = 10_000;

/** What every read shares: the sequence that it stands at, and the frame of its reply. */
@Injectable()
export class Reads {
  constructor(@Inject(RecordReader) readonly record: RecordReader) {}

  /** Waits for `min`, checks the query, and tells the head that the reply holds. All that follows it until the reply must be synchronous. */
  async head(query: Query): Promise<number> {
    const min = query.whole('min', [0, Number.MAX_SAFE_INTEGER]);
    query.done();
    if (min !== undefined && !(await this.record.reached(min, PATIENCE)))
      throw new HttpRefusal('behind', `the record has not reached ${min} within ${PATIENCE / 1000} s; it is at ${this.record.head}`);
    return this.record.head;
  }

  /** The sequence that a page stands at: the head, or the one to which the first page pinned it. */
  pin(head: number, cursor: { pin: number } | undefined): number {
    if (cursor && cursor.pin > head) throw new HttpRefusal('future-position', `after is pinned to ${cursor.pin}; the record is at ${head}`);
    return cursor?.pin ?? head;
  }

  reply<T>(sequence: number, data: T, next?: string) {
    return { epoch: this.record.epoch, sequence, data, ...(next !== undefined && { next }) };
  }

  /** A reply whose data are canonical bytes already. */
  rawReply(sequence: number, events: readonly string[], next?: string): string {
    const { epoch } = this.record;
    return `{"epoch":"${epoch}","sequence":${sequence},"data":[${events.join()}]${next === undefined ? '' : `,"next":${JSON.stringify(next)}`}}`;
  }
}
