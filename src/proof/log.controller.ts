import { Controller, Get, Header, Headers, Inject, Param, Query as QueryOf, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Needs } from '../access/guard.js';
import type { RecordedEvent } from '../event/event.js';
import { eventRef } from '../event/subject.js';
import { HttpRefusal } from '../http/problems.js';
import { Query, type RawQuery } from '../http/query.js';
import { RecordReader } from '../record/record-reader.js';
import { formatBundle } from './entry-bundle.js';
import { readDecimal } from './encoding.js';
import { PublishedLog } from './published-log.js';
import { Metrics } from '../metrics/metrics.js';
import { TILE_WIDTH, parseTilePath, tileWidth, type Tile } from './tile-path.js';

const TEXT = 'text/plain; charset=utf-8';
const BYTES = 'application/octet-stream';

/** Asked for anew each time: the checkpoint moves on, and what is not there yet will be. */
const FRESH = 'no-cache';
/** What is full never changes within a record. A week, and not for ever: after a restore another record stands at this address. */
const IMMUTABLE = 'max-age=604800, immutable';
/** A tile that is not full is asked for by its width and so does not change either, but its width is soon of no use. */
const PARTIAL = 'max-age=60';

/** How long a proof waits for the checkpoint that covers its event, in milliseconds. */
const PATIENCE = 10_000;

const compressed = promisify(gzip);

/** The record as a transparency log: C2SP `tlog-tiles` under `/log/`, and a proof for each event. Nothing is told beyond the newest checkpoint. */
@Controller()
export class LogController {
  constructor(
    @Inject(PublishedLog) private readonly log: PublishedLog,
    @Inject(RecordReader) private readonly record: RecordReader,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  @Get('log/checkpoint')
  @Needs('nothing')
  @Header('content-type', TEXT)
  @Header('cache-control', FRESH)
  checkpoint(): string {
    return this.log.checkpoint.note.toString();
  }

  /** The verifier keys of the log, one a line. */
  @Get('log/vkey')
  @Needs('nothing')
  @Header('content-type', TEXT)
  @Header('cache-control', FRESH)
  vkey(): string {
    return this.log.vkeys.map((vkey) => `${vkey}\n`).join('');
  }

  /** That one tree begins with the other: one hash a line, none where the old one has no leaves or is the new one. */
  @Get('log/consistency')
  @Needs('nothing')
  @Header('content-type', TEXT)
  @Header('cache-control', FRESH)
  consistency(@QueryOf() raw: RawQuery): string {
    const query = new Query(raw);
    const [old, size] = [sizeIn(query, 'old'), sizeIn(query, 'new')];
    query.done();
    if (old > size) query.fault('old', 'at-most', 'old must not be greater than new');
    query.done();
    if (size > this.log.checkpoint.size)
      throw new HttpRefusal('future-position', `new is ${size}; the newest checkpoint covers ${this.log.checkpoint.size}`);
    return this.log
      .consistency(old, size)
      .map((hash) => `${hash.toString('base64')}\n`)
      .join('');
  }

  /** The events themselves, 256 in a bundle. */
  @Get('log/tile/entries/*')
  @Needs('auditor')
  async entries(
    @Param('*') path: string,
    @Headers('accept-encoding') accepted: string | undefined,
    @Res() response: FastifyReply,
  ): Promise<void> {
    const { index, width } = this.tileAt(`entries/${path}`);
    const first = index * TILE_WIDTH;
    const bundle = formatBundle(this.record.entries(first, first + width));
    // A cache between here and the reader may not keep what needed a key.
    void response.headers({ 'content-type': BYTES, 'cache-control': `private, ${lifetime(width)}`, vary: 'accept-encoding' });
    if (!takesGzip(accepted)) return void response.send(bundle);
    void response.header('content-encoding', 'gzip').send(await compressed(bundle));
  }

  /** Hashes of the tree, 256 in a tile. */
  @Get('log/tile/*')
  @Needs('nothing')
  tile(@Param('*') path: string, @Res() response: FastifyReply): void {
    const { level, ...place } = this.tileAt(path);
    // Of a path with its slash as %2F the router makes no bundle. Those need a key and are asked for elsewhere.
    if (level === 'entries') throw noSuchTile();
    const tile = { level, ...place };
    void response.headers({ 'content-type': BYTES, 'cache-control': `public, ${lifetime(tile.width)}` }).send(this.log.tile(tile));
  }

  /** The C2SP `tlog-proof` of an event, to be kept beside its bytes. It waits for the checkpoint that covers the event. */
  @Get('v1/events/:id/proof')
  @Needs('subscriber')
  @Header('content-type', TEXT)
  @Header('cache-control', FRESH)
  async proof(@Param('id') id: string, @QueryOf() raw: RawQuery): Promise<string> {
    new Query(raw).done();
    const ref = eventRef(id);
    const bytes = ref && this.record.event(ref);
    if (!bytes) throw new HttpRefusal('no-such-event', `there is no event ${id.slice(0, 100)}`);
    const { sequence } = JSON.parse(bytes) as RecordedEvent;
    if (!(await this.log.covers(sequence, PATIENCE)))
      throw new HttpRefusal('behind', `no checkpoint has covered event ${sequence} within ${PATIENCE / 1000} s`);
    const proof = this.log.proof(sequence - 1);
    this.metrics.proofs.served(proof);
    return proof;
  }

  /** The tile that a path names, where the newest checkpoint covers it. One that is full by now may still be asked for by an earlier width. */
  private tileAt(path: string): Tile {
    const tile = parseTilePath(`tile/${path}`);
    if (!tile || tile.width > tileWidth(tile, this.log.checkpoint.size)) throw noSuchTile();
    return tile;
  }
}

function noSuchTile(): HttpRefusal {
  return new HttpRefusal('not-found', 'there is no such tile in the tree of the newest checkpoint');
}

/** Whether an `accept-encoding` names gzip, and not as one that is refused. */
function takesGzip(accepted = ''): boolean {
  return /(?:^|,)\s*gzip\s*(?:,|$|;\s*q=(?!0(?:\.0*)?\s*(?:,|$)))/i.test(accepted);
}

function lifetime(width: number): string {
  return width === TILE_WIDTH ? IMMUTABLE : PARTIAL;
}

function sizeIn(query: Query, name: string): number {
  const size = readDecimal(query.one(name) ?? '');
  if (size === undefined) query.fault(name, 'whole', `${name} must be a number of entries, in digits`);
  return size ?? 0;
}
