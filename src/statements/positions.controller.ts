import { Controller, Get, Inject, Query as QueryOf } from '@nestjs/common';
import { Needs } from '../access/guard.js';
import type { RecordedEvent } from '../event/event.js';
import { eventRef, subjectOf } from '../event/subject.js';
import type { Standing } from '../folding/amend.js';
import { HttpRefusal } from '../http/problems.js';
import { Query, pageBehind, type RawQuery } from '../http/query.js';
import { Reads } from '../http/reads.js';
import { inStretches, type Standpoint } from '../record/record-reader.js';
import { positions, type Position } from './positions.js';

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
    const found = positions(statements, names, (party) => this.groupsOf(party, from)).sort((a, b) => (place(a) < place(b) ? -1 : 1));
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
    if (!bytes) throw new HttpRefusal('no-such-event', `there is no event ${on.slice(0, 100)}`);
    const { id, stream, revision } = JSON.parse(bytes) as RecordedEvent;
    return { about: stream, names: [id, `${stream}@${revision}`] };
  }

  /** What a party is a member of, directly or through others. That needs no source, so it doesn't wait for one to be published. */
  private groupsOf(party: string, from: Standpoint): string[] {
    const groups: string[] = [];
    for (let members = [party]; members.length;) {
      const states = members.map((member) => this.reads.record.state(member, { ...from, publishedBy: undefined }));
      members = states.flatMap((state) => (state?.['memberOf'] ?? []) as string[]).filter((group) => !groups.includes(group));
      groups.push(...members);
    }
    return groups;
  }
}

function place({ party, statement }: Position): string {
  return party ?? statement;
}
