import { Controller, Get, Headers, Inject, Param, Query as QueryOf, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import type { Caller } from '../access/caller.js';
import { CallerOf, Needs } from '../access/guard.js';
import { Sessions } from '../access/sessions.js';
import { CONFIDENCES, type RecordedEvent } from '../event/event.js';
import { KINDS, eventRef } from '../event/subject.js';
import { amend, type Standing } from '../folding/amend.js';
import { isFact } from '../folding/fact.js';
import type { EventFilter } from '../record/event-filter.js';
import type { RecordReader } from '../record/record-reader.js';
import { ATTRIBUTIONS } from '../statements/statement.dto.js';
import { EVENT_TYPES } from '../subjects.js';
import { HttpRefusal } from './problems.js';
import { Query, nextPage, type RawQuery } from './query.js';
import { MAX_REPLY_CHARACTERS, Reads } from './reads.js';

const NDJSON = 'application/x-ndjson';

@Controller('v1/events')
export class EventsController {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(Sessions) private readonly sessions: Sessions,
  ) {}

  /** The events that pass the filters, in order: a page of them, or as NDJSON all of them as one stream. */
  @Get()
  @Needs('subscriber')
  async list(
    @QueryOf() raw: RawQuery,
    @Headers('accept') accept: string | undefined,
    @CallerOf() caller: Caller,
    @Res() response: FastifyReply,
  ): Promise<void> {
    const query = new Query(raw);
    const streamed = (accept ?? '').includes(NDJSON);
    const limit = query.whole('limit', [1, streamed ? Number.MAX_SAFE_INTEGER : 1_000]) ?? (streamed ? Infinity : 100);
    const from = start(query);
    const filter = eventFilter(query);
    const head = await this.reads.head(query);
    const at = this.reads.pin(head, from.pin ?? head);
    if (from.after > head) throw new HttpRefusal('future-position', `after is ${from.after}; the record is at ${head}`);
    const pages = this.reads.record.events(filter, from.after, at, streamed ? limit : limit + 1);
    if (streamed) {
      const lines = async function* () {
        for await (const page of pages) yield `${page.map(({ bytes }) => bytes).join('\n')}\n`;
      };
      const stream = Readable.from(lines());
      // It can go on for longer than its caller may read.
      stream.on(
        'close',
        this.sessions.watch(caller, () => stream.destroy()),
      );
      void response.header('content-type', `${NDJSON}; charset=utf-8`).header('zonewatch-sequence', at).send(stream);
      return;
    }
    const found: { sequence: number; bytes: string }[] = [];
    let size = 0;
    for await (const events of pages) {
      found.push(...events);
      size += events.reduce((sum, { bytes }) => sum + bytes.length, 0);
      if (size > MAX_REPLY_CHARACTERS) break;
    }
    const isLast = found.length <= limit && size <= MAX_REPLY_CHARACTERS;
    const page = found.slice(0, limit);
    const next = isLast ? undefined : nextPage(page.at(-1)!.sequence, at);
    const bytes = page.map((event) => event.bytes);
    void response.header('content-type', 'application/json; charset=utf-8').send(this.reads.rawReply({ at }, bytes, next));
  }

  /** One event: as it was recorded, what amends it, and what holds now. */
  @Get(':id')
  @Needs('subscriber')
  async one(@Param('id') id: string, @QueryOf() raw: RawQuery, @Res() response: FastifyReply): Promise<void> {
    const head = await this.reads.head(new Query(raw));
    const ref = eventRef(id);
    const bytes = ref && this.reads.record.event(ref);
    if (!bytes) throw new HttpRefusal('no-such-event', `there is no event ${id.slice(0, 100)}`);
    const { amendments, holds } = holding(JSON.parse(bytes) as RecordedEvent, this.reads.record);
    const data = `{"event":${bytes},"amendments":${JSON.stringify(amendments)},"holds":${JSON.stringify(holds)}}`;
    const body = `{"epoch":"${this.reads.record.epoch}","sequence":${head},"data":${data}}`;
    void response.header('content-type', 'application/json; charset=utf-8').send(body);
  }
}

/** What amends an event, in order, and what holds of it now. */
function holding(event: RecordedEvent, record: RecordReader): { amendments: RecordedEvent[]; holds: object } {
  const amendments = record.amendments(event.id);
  const retractedBy = amendments.find(({ retracts }) => retracts === event.id)?.id;
  const { disputedBy, ...holds }: Omit<RecordedEvent, 'disputes'> & Pick<Standing, 'disputedBy'> = isFact(event)
    ? amend([event, ...amendments])[0]!
    : event;
  const { occurred, sources, accordingTo, confidence, data } = holds;
  const disputes = disputedBy?.map(({ id, claim, settled, ...told }) => ({
    event: id,
    claim,
    settled,
    sources: told.sources,
    confidence: told.confidence,
  }));
  return {
    amendments,
    holds: { occurred, sources, accordingTo, confidence, data, ...(retractedBy && { retracted: true, retractedBy }), disputes },
  };
}

/** Where a list of events begins: behind a sequence, or where the page before it ended. */
function start(query: Query): { after: number; pin?: number } {
  const text = query.one('after');
  if (text === undefined || text === 'start') return { after: 0 };
  const match = /^(\d{1,15})(?:~(\d{1,15}))?$/.exec(text);
  if (!match) query.fault('after', 'cursor', 'after must be a sequence, or the next of an earlier reply');
  return { after: Number(match?.[1] ?? 0), ...(match?.[2] !== undefined && { pin: Number(match[2]) }) };
}

/** The filters of `/v1/events`: its own, and the axes of the feed. */
function eventFilter(query: Query): EventFilter {
  const about = [query.streams('about'), query.streams('subjects'), query.streams('zones', 'zone'), query.streams('parties', 'party')];
  const type = both(query.oneOf('type', EVENT_TYPES), query.oneOf('types', EVENT_TYPES));
  const kind = both(query.oneOf('kind', KINDS), query.oneOf('kinds', KINDS));
  const publisher = query.list('publisher');
  const attribution = query.oneOf('attribution', ATTRIBUTIONS);
  const confidence = query.oneOf('confidence', CONFIDENCES);
  const occurredFrom = query.time('occurredFrom')?.earliest;
  const occurredTo = query.time('occurredTo')?.latest;
  const recordedFrom = query.time('recordedFrom')?.earliest;
  const recordedTo = query.time('recordedTo')?.latest;
  return {
    about: about.filter((streams) => streams !== undefined),
    ...(type && { type }),
    ...(kind && { kind }),
    ...(publisher && { publisher }),
    ...(attribution && { attribution }),
    ...(confidence && { confidence }),
    ...(occurredFrom !== undefined && { occurredFrom }),
    ...(occurredTo !== undefined && { occurredTo }),
    ...(recordedFrom !== undefined && { recordedFrom }),
    ...(recordedTo !== undefined && { recordedTo }),
  };
}

/** The values of a filter that goes by two names. */
function both<T>(one: T[] | undefined, other: T[] | undefined): T[] | undefined {
  return one && other ? [...new Set([...one, ...other])] : (one ?? other);
}
