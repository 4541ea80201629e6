import { Controller, Get, Inject, Param, Query as QueryOf, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Needs } from '../access/guard.js';
import { isSlug, streamOf } from '../event/subject.js';
import { HttpRefusal } from '../http/problems.js';
import { Query, nextPage, type RawQuery } from '../http/query.js';
import { MAX_REPLY_CHARACTERS, Reads } from '../http/reads.js';
import { stateFilter } from '../http/subjects.controller.js';
import { timeline } from './timeline.js';
import { zone } from './zone.js';

/** What only zones have: a map and a timeline. */
@Controller('v1')
export class ZonesController {
  constructor(@Inject(Reads) private readonly reads: Reads) {}

  /** Every zone as a GeoJSON feature (RFC 7946), with the state as its properties. One whose borders nobody has reported has no geometry. */
  @Get('zones.geojson')
  @Needs('subscriber')
  async map(@QueryOf() raw: RawQuery, @Res() response: FastifyReply): Promise<void> {
    const query = new Query(raw);
    const filter = stateFilter(query, zone);
    const from = await this.reads.standpoint(query);
    const features: object[] = [];
    for await (const { geometry = null, ...properties } of this.reads.record.states('zone', filter, from))
      features.push({ type: 'Feature', id: properties.stream, geometry, properties });
    const { epoch, sequence, asOf } = this.reads.reply(from, null);
    const map = { type: 'FeatureCollection', epoch, sequence, asOf, features };
    void response.header('content-type', 'application/geo+json; charset=utf-8').send(JSON.stringify(map));
  }

  /** What happened in a zone and about it, in the order of time; what was said of an event stands behind it. */
  @Get('zones/:id/timeline')
  @Needs('subscriber')
  async timeline(@Param('id') id: string, @QueryOf() raw: RawQuery, @Res() response: FastifyReply): Promise<void> {
    const stream = streamOf('zone', id);
    const query = new Query(raw);
    const limit = query.limit();
    const cursor = query.cursor();
    if (cursor && !/^\d{1,15}$/.test(cursor.position)) query.fault('after', 'cursor', 'after must be the next of an earlier reply');
    const from = await this.reads.standpoint(query, cursor);
    const { record } = this.reads;
    if (!isSlug(id) || !record.state(stream, from)) throw new HttpRefusal('no-such-subject', `there is no ${stream.slice(0, 100)}`);
    const order = timeline(stream, record.eventsAbout(stream, from.at), from, (id) => record.event({ id }));
    const skip = Number(cursor?.position ?? 0);
    const bytes: string[] = [];
    let size = 0;
    for (const { sequence } of order.slice(skip, skip + limit)) {
      if (size > MAX_REPLY_CHARACTERS) break;
      size += bytes[bytes.push(record.bytes(sequence)) - 1]!.length;
    }
    const behind = skip + bytes.length;
    const body = this.reads.rawReply(from, bytes, order.length > behind ? nextPage(behind, from.at) : undefined);
    void response.header('content-type', 'application/json; charset=utf-8').send(body);
  }
}
