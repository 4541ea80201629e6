import { Controller, Get, Inject, Param, Query as QueryOf, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Needs } from '../access/guard.js';
import { isSlug, streamOf } from '../event/subject.js';
import { HttpRefusal } from '../http/problems.js';
import { Query, nextPage, type RawQuery } from '../http/query.js';
import { Reads } from '../http/reads.js';
import { stateFilter } from '../http/subjects.controller.js';
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
    const sequence = await this.reads.head(query);
    const { states } = this.reads.record.states('zone', filter, Date.now(), sequence, undefined, Infinity);
    const features = states.map(({ geometry = null, ...properties }) => ({ type: 'Feature', id: properties.stream, geometry, properties }));
    const map = { type: 'FeatureCollection', epoch: this.reads.record.epoch, sequence, features };
    void response.header('content-type', 'application/geo+json; charset=utf-8').send(JSON.stringify(map));
  }

  /** The events in a zone and about it, in the order of time. */
  @Get('zones/:id/timeline')
  @Needs('subscriber')
  async timeline(@Param('id') id: string, @QueryOf() raw: RawQuery, @Res() response: FastifyReply): Promise<void> {
    const stream = streamOf('zone', id);
    const query = new Query(raw);
    const limit = query.limit();
    const cursor = query.cursor();
    if (cursor && !/^\d{1,15}$/.test(cursor.position)) query.fault('after', 'cursor', 'after must be the next of an earlier reply');
    const at = this.reads.pin(await this.reads.head(query), cursor);
    if (!isSlug(id) || !this.reads.record.state(stream, Date.now(), at))
      throw new HttpRefusal('no-such-subject', `there is no ${stream.slice(0, 100)}`);
    const skip = Number(cursor?.position ?? 0);
    const { bytes, more } = this.reads.record.timeline(stream, at, skip, limit);
    const body = this.reads.rawReply(at, bytes, more ? nextPage(skip + limit, at) : undefined);
    void response.header('content-type', 'application/json; charset=utf-8').send(body);
  }
}
