import { Controller, Get, Inject, Query as QueryOf } from '@nestjs/common';
import { Needs } from '../access/guard.js';
import { HttpRefusal } from '../http/problems.js';
import { Query, nextPage, type RawQuery } from '../http/query.js';
import { Reads } from '../http/reads.js';
import { inStretches } from '../record/record-reader.js';
import { subjectOfStream } from '../subjects.js';
import { changesIn, type Cause, type Change } from './changes.js';

/** How many events may lie between the two ends: all of them are looked through. */
const MAX_EVENTS = 100_000;

/** What changed between two places in the record, or two instants: in which state, field by field, by which events. */
@Controller('v1/changes')
export class ChangesController {
  constructor(@Inject(Reads) private readonly reads: Reads) {}

  @Get()
  @Needs('subscriber')
  async list(@QueryOf() raw: RawQuery) {
    const query = new Query(raw);
    const limit = query.limit();
    const cursor = query.cursor();
    const from = query.end('from', 'start');
    const to = query.end('to', 'end');
    const head = await this.reads.head(query);
    const after = this.place('from', from ?? { sequence: 0 }, head);
    const upTo = this.reads.pin(head, cursor?.pin ?? this.place('to', to ?? { sequence: head }, head));
    checkWindow(after, upTo);
    const { record } = this.reads;
    const now = Date.now();
    const data: { stream: string; isNew?: true; changes: Change[] }[] = [];
    let next: string | undefined;
    for await (const stream of inStretches(await record.changedSubjects(after, upTo))) {
      if (cursor && stream <= cursor.position) continue;
      const changed = record.state(stream, { at: upTo, now });
      if (!changed) continue;
      const before = record.state(stream, { at: after, now });
      const causes: Cause[] = [];
      for await (const event of inStretches(record.eventsOf(stream, after, upTo))) causes.push({ event, ...record.around(event) });
      const changes = changesIn(subjectOfStream(stream).projection, before, changed, causes);
      if (changes.length === 0) continue;
      if (data.length === limit) {
        next = nextPage(data.at(-1)!.stream, upTo);
        break;
      }
      data.push({ stream, ...(!before && { isNew: true }), changes });
    }
    return { ...this.reads.reply({ at: upTo, now }, data, { next }), from: after, to: upTo };
  }

  private place(name: string, end: { sequence: number } | { instant: number }, head: number): number {
    const sequence = 'sequence' in end ? end.sequence : this.reads.record.sequenceAt(end.instant);
    if (sequence > head) throw new HttpRefusal('future-position', `${name} is ${sequence}; the record is at ${head}`);
    return sequence;
  }
}

function checkWindow(after: number, upTo: number): void {
  const refuse = (field: string, rule: string, message: string) => new HttpRefusal('bad-query', message, [{ field, rule, message }]);
  if (after > upTo) throw refuse('from', 'order', `from (${after}) must not be behind to (${upTo})`);
  if (upTo - after > MAX_EVENTS)
    throw refuse('from', 'at-most', `at most ${MAX_EVENTS} events may lie between from (${after}) and to (${upTo}): ask in parts`);
}
