import { Controller, Get } from '@nestjs/common';
import { Needs } from '../access/guard.js';
import { VERSION } from '../version.js';
import { asyncapi } from './asyncapi.js';

@Controller('asyncapi.json')
export class AsyncapiController {
  private readonly document = asyncapi(VERSION);

  /** The feed for machines, as `/openapi.json` is for the rest. */
  @Get()
  @Needs('nothing')
  read() {
    return this.document;
  }
}
