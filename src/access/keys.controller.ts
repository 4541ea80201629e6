import { Body, Controller, Delete, Get, Header, HttpCode, HttpStatus, Inject, Param, Post, Query as QueryOf } from '@nestjs/common';
import { HttpRefusal } from '../http/problems.js';
import { Query, type RawQuery } from '../http/query.js';
import { Reads } from '../http/reads.js';
import { ApiKeys, type ApiKey } from './api-keys.js';
import type { Caller } from './caller.js';
import { CallerOf, Needs } from './guard.js';
import { ExpireBody, KeyBody, checked } from './key.dto.js';

/** The keys, for an admin. A key itself is in one reply and in no other. */
@Controller('v1/keys')
export class KeysController {
  constructor(
    @Inject(ApiKeys) private readonly keys: ApiKeys,
    @Inject(Reads) private readonly reads: Reads,
  ) {}

  @Post()
  @Needs('admin')
  @Header('cache-control', 'no-store')
  make(@Body() body: unknown, @CallerOf() caller: Caller) {
    return this.reply(this.keys.make(checked(KeyBody, body), caller.name));
  }

  @Get()
  @Needs('admin')
  list(@QueryOf() raw: RawQuery) {
    new Query(raw).done();
    return this.reply(this.keys.list());
  }

  @Post(':id/expire')
  @HttpCode(HttpStatus.OK)
  @Needs('admin')
  expire(@Param('id') id: string, @Body() body: unknown) {
    return this.reply(known(this.keys.expire(id, checked(ExpireBody, body)), id));
  }

  /** The key goes on being listed, as revoked. */
  @Delete(':id')
  @Needs('admin')
  revoke(@Param('id') id: string) {
    return this.reply(known(this.keys.revoke(id), id));
  }

  private reply<T>(data: T) {
    const { epoch, head } = this.reads.record;
    return { epoch, sequence: head, data };
  }
}

function known(key: ApiKey | undefined, id: string): ApiKey {
  if (!key) throw new HttpRefusal('not-found', `there is no key ${id.slice(0, 40)}`);
  return key;
}
