import { Controller, Get, Headers, Inject, Query as QueryOf, Req, Res, type BeforeApplicationShutdown } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { OutgoingHttpHeaders } from 'node:http';
import type { Caller } from '../access/caller.js';
import { CallerOf, Needs } from '../access/guard.js';
import { Sessions } from '../access/sessions.js';
import { KINDS } from '../event/subject.js';
import { HttpRefusal } from '../http/problems.js';
import { Query, type RawQuery } from '../http/query.js';
import { Unforeseen } from '../logger.js';
import { EVENT_TYPES } from '../subjects.js';
import { anyOf } from './any-of.js';
import { FeedRefusal, type FeedCode } from './codes.js';
import { Feed } from './feed.js';
import { readFilter } from './filter.js';
import { StreamFollower } from './stream-follower.js';

const EVENT_STREAM = 'text/event-stream; charset=utf-8';

/** How long a reader waits before it comes back, at the least and at the most, in milliseconds: not all of them at once. */
const RETRY = [1_000, 5_000] as const;

/** The feed as server-sent events, for `curl` and for browsers. */
@Controller('v1/feed')
export class StreamController implements BeforeApplicationShutdown {
  private readonly streams = new Set<StreamFollower>();

  constructor(
    @Inject(Feed) private readonly feed: Feed,
    @Inject(Sessions) private readonly sessions: Sessions,
    @Inject(Unforeseen) private readonly unforeseen: Unforeseen,
  ) {}

  @Get()
  @Needs('subscriber')
  follow(
    @QueryOf() raw: RawQuery,
    @Headers('last-event-id') lastId: string | undefined,
    @CallerOf() caller: Caller,
    @Req() request: FastifyRequest,
    @Res() response: FastifyReply,
  ): void {
    const { served, limits } = this.feed;
    const { epoch, head } = served.record;
    const query = new Query(raw);
    const axes = {
      zones: query.streams('zones', 'zone'),
      parties: query.streams('parties', 'party'),
      subjects: query.streams('subjects'),
      kinds: query.oneOf('kinds', KINDS),
      types: query.oneOf('types', EVENT_TYPES),
    };
    const asked = query.one('after');
    const after = place(lastId ?? asked ?? 'now', epoch);
    if (after === undefined)
      query.fault(lastId === undefined ? 'after' : 'Last-Event-ID', 'position', 'must be a sequence, <epoch>:<sequence>, start or now');
    query.done();
    const position = after === 'now' ? head : after!;
    if (position > head) throw new HttpRefusal('future-position', `the record is at ${head}`);
    const filter = readFilter(Object.fromEntries(Object.entries(axes).filter(([, values]) => values)));
    // Of a stream without end there is only the head to give.
    if (request.method === 'HEAD') return void response.header('content-type', EVENT_STREAM).send();
    const leave = this.enter(request.ip);
    response.hijack();
    const { raw: stream } = response;
    const own = { 'content-type': EVENT_STREAM, 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
    stream.writeHead(200, { ...(response.getHeaders() as OutgoingHttpHeaders), ...own });
    stream.write(`retry: ${anyOf(RETRY)}\n\n`);
    const follower = new StreamFollower(stream, filter, position, served, (error) =>
      this.unforeseen.tell(error, { requestId: request.id }),
    );
    this.streams.add(follower);
    // Old streams end, so that what carries them (proxies, a service that was moved) is looked for anew now and then.
    const age = setTimeout(() => follower.end(), limits.streamAge * (0.9 + Math.random() * 0.2)).unref();
    const forget = this.sessions.watch(caller, (why) => this.end(follower, why));
    stream.on('close', () => {
      clearTimeout(age);
      forget();
      leave();
      this.streams.delete(follower);
    });
    follower.start();
  }

  beforeApplicationShutdown(): void {
    for (const stream of this.streams) this.end(stream, 'shutting-down');
  }

  private end(stream: StreamFollower, why: FeedCode): void {
    this.feed.traffic.closes[why] += 1;
    stream.end();
  }

  private enter(address: string): () => void {
    try {
      return this.feed.enter(address, 'sse');
    } catch (error) {
      throw error instanceof FeedRefusal ? new HttpRefusal('too-many-connections', error.message) : error;
    }
  }
}

/** Where a stream begins: a sequence, alone or with the record that it is of. */
function place(text: string, epoch: string): number | 'now' | undefined {
  if (text === 'now') return text;
  if (text === 'start') return 0;
  const match = /^(?:([0-9a-f-]{36}):)?(\d{1,15})$/.exec(text);
  if (!match) return undefined;
  if (match[1] !== undefined && match[1] !== epoch) throw new HttpRefusal('other-record', `this is record ${epoch}`);
  return Number(match[2]);
}
