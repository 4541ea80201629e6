import { Controller, Get, Header } from '@nestjs/common';
import { Needs } from '../access/guard.js';
import { VERSION } from '../version.js';
import { asyncapi } from './asyncapi.js';

@Controller('asyncapi.json')
export class AsyncapiController {
  private readonly text = JSON.stringify(asyncapi(VERSION));

  /** The feed for machines, as `/openapi.json` is for the rest. */
  @Get()
  @Needs('nothing')
  @Header('content-type', 'application/json; charset=utf-8')
  read() {
    return this.text;
  }
}
