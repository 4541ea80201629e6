import { Controller, Get, Inject, Query as QueryOf } from '@nestjs/common';
import { Needs } from '../access/guard.js';
import { Query, pageBehind, type RawQuery } from '../http/query.js';
import { Reads } from '../http/reads.js';
import { SUBJECTS } from '../subjects.js';
import { bounds } from '../time/occurred.js';
import { datesOf, type Announced, type DiaryStatus } from './announced.js';

/** The dates that were announced, and what became of them. */
@Controller('v1/diary')
export class DiaryController {
  constructor(@Inject(Reads) private readonly reads: Reads) {}

  @Get()
  @Needs('subscriber')
  async list(@QueryOf() raw: RawQuery) {
    const query = new Query(raw);
    const limit = query.limit();
    const cursor = query.cursor();
    const about = query.streams('about');
    const first = query.time('from')?.earliest ?? -Infinity;
    const last = query.time('to')?.latest ?? Infinity;
    const from = await this.reads.standpoint(query, cursor);
    const { record } = this.reads;
    const found: Entry[] = [];
    for (const { kind, diary } of SUBJECTS) {
      if (!diary) continue;
      for await (const { stream } of record.states(kind, { fields: {}, ...(about && { about }) }, from)) {
        for (const { announced, status } of datesOf(diary, record.history(stream, from)!, from.now)) {
          const date = bounds(announced.when)!;
          if (date.latest >= first && date.earliest <= last) found.push(entry(stream, announced, status));
        }
      }
    }
    found.sort((a, b) => (place(a) < place(b) ? -1 : 1));
    const { page, next } = pageBehind(found, place, cursor, limit, from.at);
    return this.reads.reply(from, page, { next, readsTheClock: true });
  }
}

type Entry = ReturnType<typeof entry>;

function entry(subject: string, announced: Announced, status: DiaryStatus) {
  const { what, when, title, commitment, by, movedTo } = announced;
  return {
    subject,
    what,
    when,
    status,
    ...(title && { title }),
    ...(commitment !== undefined && { commitment }),
    ...(movedTo !== undefined && { movedTo }),
    event: by.id,
    ...(by.accordingTo && { accordingTo: by.accordingTo }),
    sources: by.sources,
    ...(by.confidence && { confidence: by.confidence }),
  };
}

/** Where an entry stands: by the day on which it may first be, and the last. */
function place({ when, subject, event }: Entry): string {
  const { earliest, latest } = bounds(when)!;
  const sortable = (instant: number) => String(instant + 8_640_000_000_000_000).padStart(17, '0');
  return `${sortable(earliest)}/${sortable(latest)}/${subject}/${event}`;
}
