import { Controller, Get, Inject, Query as QueryOf } from '@nestjs/common';
import { Needs } from '../access/guard.js';
import type { RecordedEvent } from '../event/event.js';
import { eventRef, subjectOf } from '../event/subject.js';
import type { Standing } from '../folding/amend.js';
import { HttpRefusal } from '../http/problems.js';
import { Query, pageBehind, type RawQuery } from '../http/query.js';
import { Reads } from '../http/reads.js';
import { inStretches, type Standpoint } from '../record/record-reader.js';
import { partiesIn, positions, type Position } from './positions.js';

/** Who stands where on a subject or an event. */
@Controller('v1/positions')
export class PositionsController {
  constructor(@Inject(Reads) private readonly reads: Reads) {}

  @Get()
  @Needs('subscriber')
  async list(@QueryOf() raw: RawQuery) {
    const query = new Query(raw);
    const limit = query.limit();
    const cursor = query.cursor();
    const on = query.one('on');
    if (on === undefined || !(subjectOf(on) ?? eventRef(on)))
      query.fault('on', 'reference', 'on must name a subject (<kind>-<id>) or an event (its id, or <stream>@<revision>)');
    const from = await this.reads.standpoint(query, cursor);
    const { about, names } = this.named(on!, from);
    const statements: Standing[] = [];
    for await (const stream of inStretches(this.reads.record.streamsAbout('statement', [about], from)))
      statements.push(...(this.reads.record.history(stream, from)?.facts ?? []).filter(({ retractedBy }) => !retractedBy));
    const groups = new Map<string, Set<string>>();
    const direct = new Map<string, readonly string[]>();
    for await (const party of inStretches(partiesIn(statements, names))) groups.set(party, this.groupsOf(party, direct, from));
    const found = positions(statements, names, groups).sort((a, b) => (place(a) < place(b) ? -1 : 1));
    const { page, next } = pageBehind(found, place, cursor, limit, from.at);
    return this.reads.reply(from, page, { next });
  }

  /** The stream that statements on it are about, and every way to name it. */
  private named(on: string, from: Standpoint): { about: string; names: string[] } {
    const { record } = this.reads;
    const ref = eventRef(on);
    if (!ref) {
      if (!record.state(on, from)) throw new HttpRefusal('no-such-subject', `there is no ${on.slice(0, 100)}`);
      return { about: on, names: [on] };
    }
    const bytes = record.event(ref);
    const event = bytes === undefined ? undefined : (JSON.parse(bytes) as RecordedEvent);
    if (!event || event.sequence > from.at) throw new HttpRefusal('no-such-event', `there is no event ${on.slice(0, 100)}`);
    const { id, stream, revision } = event;
    return { about: stream, names: [id, `${stream}@${revision}`] };
  }

  /**
   * What a party is a member of, directly (`direct` remembers that) or through others. That needs no source, so it doesn't wait for one to be
   * published.
   */
  private groupsOf(party: string, direct: Map<string, readonly string[]>, from: Standpoint): Set<string> {
    const groups = new Set<string>();
    const left = [party];
    for (let member = left.pop(); member !== undefined; member = left.pop()) {
      let own = direct.get(member);
      if (!own) {
        own = (this.reads.record.state(member, { ...from, publishedBy: undefined })?.['memberOf'] ?? []) as string[];
        direct.set(member, own);
      }
      for (const group of own) {
        if (groups.has(group)) continue;
        groups.add(group);
        left.push(group);
      }
    }
    return groups;
  }
}

function place({ party, statement }: Position): string {
  return party ?? statement;
}
