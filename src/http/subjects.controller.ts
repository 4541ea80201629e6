import { Body, Controller, Get, Headers, HttpCode, HttpStatus, Inject, Param, Post, Query as QueryOf, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CallerOf, Needs } from '../access/guard.js';
import type { Caller } from '../access/caller.js';
import { CommandRates } from '../access/command-rates.js';
import type { Subject } from '../decider/subject.js';
import type { Json } from '../event/event.js';
import { isSlug, streamOf } from '../event/subject.js';
import type { State } from '../folding/state.js';
import type { StateFilter } from '../record/record-reader.js';
import { subjectOfCollection } from '../subjects.js';
import { conditionsOf } from './conditions.js';
import { HttpRefusal } from './problems.js';
import { Query, nextPage, type RawQuery } from './query.js';
import { Reads } from './reads.js';
import { Submissions } from './submissions.js';

type RequestHeaders = Record<string, string | string[] | undefined>;

/**
 * The commands on every kind of subject, and their states. The kinds share one shape, so they share these four routes; `openapi.ts` writes
 * out each command of each kind.
 */
@Controller('v1')
export class SubjectsController {
  constructor(
    @Inject(Submissions) private readonly submissions: Submissions,
    @Inject(CommandRates) private readonly rates: CommandRates,
    @Inject(Reads) private readonly reads: Reads,
  ) {}

  @Post(':collection')
  @Needs('recorder')
  create(
    @Param('collection') collection: string,
    @Body() body: Json,
    @CallerOf() caller: Caller,
    @Headers() headers: RequestHeaders,
    @Res({ passthrough: true }) response: FastifyReply,
  ) {
    const subject = known(collection);
    return this.submit({ command: `${collection}/${subject.create}`, body }, caller, headers, response);
  }

  @Post(':collection/:id/:verb')
  @Needs('recorder')
  add(
    @Param() { collection, id, verb }: { collection: string; id: string; verb: string },
    @Body() body: Json,
    @CallerOf() caller: Caller,
    @Headers() headers: RequestHeaders,
    @Res({ passthrough: true }) response: FastifyReply,
  ) {
    if (verb === subjectOfCollection(collection)?.create)
      throw new HttpRefusal('no-such-command', `there is no command ${verb} on what exists`);
    return this.submit({ command: `${collection}/${verb}`, id, body }, caller, headers, response);
  }

  @Get(':collection')
  @HttpCode(HttpStatus.OK)
  @Needs('subscriber')
  async list(@Param('collection') collection: string, @QueryOf() raw: RawQuery) {
    const subject = known(collection);
    const query = new Query(raw);
    const limit = query.limit();
    const cursor = query.cursor();
    const filter = stateFilter(query, subject);
    const from = await this.reads.standpoint(query, cursor);
    const states: State[] = [];
    let next: string | undefined;
    for await (const state of this.reads.record.states(subject.kind, filter, from, cursor?.position)) {
      if (states.length === limit) {
        next = nextPage(states.at(-1)!.stream, from.at);
        break;
      }
      states.push(state);
    }
    return this.reads.reply(from, states, { next, readsTheClock: subject.readsTheClock });
  }

  @Get(':collection/:id')
  @Needs('subscriber')
  async one(
    @Param() { collection, id }: { collection: string; id: string },
    @QueryOf() raw: RawQuery,
    @Res({ passthrough: true }) response: FastifyReply,
  ) {
    const subject = known(collection);
    const stream = streamOf(subject.kind, id);
    const from = await this.reads.standpoint(new Query(raw));
    const state = isSlug(id) ? this.reads.record.state(stream, from) : undefined;
    if (!state) throw new HttpRefusal('no-such-subject', `there is no ${stream.slice(0, 100)}`);
    // What a caller gives back as If-Match.
    response.header('etag', `"${state.revision}"`);
    return this.reads.reply(from, state, { readsTheClock: subject.readsTheClock });
  }

  private async submit(
    what: { command: string; id?: string; body: Json },
    caller: Caller,
    headers: RequestHeaders,
    response: FastifyReply,
  ) {
    const { created, reply } = await this.submissions.submit({ request: response.request, caller: caller.name }, () => {
      this.rates.take(caller);
      return { ...what, caller: caller.name, ...conditionsOf(headers) };
    });
    void response.status(created ? HttpStatus.CREATED : HttpStatus.OK);
    return reply;
  }
}

function known(collection: string): Subject {
  const subject = subjectOfCollection(collection);
  if (!subject) throw new HttpRefusal('not-found', 'there is nothing at this address');
  return subject;
}

/** The filters of a list of states: `status=`, `kind=` where the kind of subject has them, and `about=`. */
export function stateFilter(query: Query, subject: Subject): StateFilter {
  const fields: Record<string, readonly string[]> = {};
  for (const [field, allowed] of Object.entries(subject.filters)) {
    const values = query.oneOf(field, allowed);
    if (values) fields[field] = values;
  }
  const about = query.streams('about');
  return { fields, ...(about && { about }) };
}
