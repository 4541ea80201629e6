import { Inject, Injectable } from '@nestjs/common';
import { RecordReader, type Standpoint } from '../record/record-reader.js';
import { HttpRefusal } from './problems.js';
import type { Query } from './query.js';

/** A page of long events ends before its limit, with a `next`. */
export const MAX_REPLY_CHARACTERS = 4 * 1024 * 1024;

/** How long a read waits for a sequence that is still to come. */
const PATIENCE = 10_000;

export type Cursor = { position: string; pin: number } | undefined;

/** What every read shares: where it stands, and the frame of its reply. */
@Injectable()
export class Reads {
  constructor(@Inject(RecordReader) readonly record: RecordReader) {}

  /** Waits for `min`, checks the query, and tells the head that the reply holds: what is read after it is read as of there. */
  async head(query: Query): Promise<number> {
    const min = query.whole('min', [0, Number.MAX_SAFE_INTEGER]);
    query.done();
    if (min !== undefined && !(await this.record.reached(min, PATIENCE)))
      throw new HttpRefusal('behind', `the record is at ${this.record.head}, and has not come to ${min} in time`);
    return this.record.head;
  }

  /** Where a read of states stands: `asOf`, `knownAt` or `atSequence`, `publishedBy`, and the sequence to which an earlier page pinned it. */
  async standpoint(query: Query, cursor?: Cursor): Promise<Standpoint> {
    const asOf = query.moment('asOf');
    const publishedBy = query.moment('publishedBy');
    const knownAt = query.moment('knownAt');
    const atSequence = query.whole('atSequence', [0, Number.MAX_SAFE_INTEGER]);
    if (knownAt !== undefined && atSequence !== undefined)
      query.fault('knownAt', 'either', 'knownAt and atSequence both say what the record held: give one of them');
    if (cursor && atSequence !== undefined && cursor.pin !== atSequence)
      query.fault('after', 'cursor', `after is the next of a reply at ${cursor.pin}, not at ${atSequence}`);
    const head = await this.head(query);
    if (atSequence !== undefined && atSequence > head)
      throw new HttpRefusal('future-position', `atSequence is ${atSequence}; the record is at ${head}`);
    const held = atSequence ?? (knownAt === undefined ? head : this.record.sequenceAt(knownAt));
    return { at: this.pin(head, cursor?.pin ?? held), asOf, publishedBy, now: asOf ?? Date.now() };
  }

  /** The sequence that a page stands at: the head, or the one to which the first page pinned it. */
  pin(head: number, pin: number): number {
    if (pin > head) throw new HttpRefusal('future-position', `after is pinned to ${pin}; the record is at ${head}`);
    return pin;
  }

  /** A reply's frame. It says at which instant it stands where one was asked for, or where what it tells depends on one. */
  reply<T>(
    { at, asOf, now }: Standpoint,
    data: T,
    { next, readsTheClock }: { next?: string | undefined; readsTheClock?: boolean | undefined } = {},
  ) {
    return {
      epoch: this.record.epoch,
      sequence: at,
      ...((readsTheClock || asOf !== undefined) && { asOf: new Date(now).toISOString() }),
      data,
      ...(next !== undefined && { next }),
    };
  }

  /** A reply whose data are canonical bytes already. */
  rawReply(from: Pick<Standpoint, 'at'> & Partial<Standpoint>, events: readonly string[], next?: string): string {
    const { data: _, ...frame } = this.reply({ now: 0, ...from }, null, { next });
    return `${JSON.stringify(frame).slice(0, -1)},"data":[${events.join()}]}`;
  }
}
