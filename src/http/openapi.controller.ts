import { Controller, Get, Header } from '@nestjs/common';
import { Needs } from '../access/guard.js';
import { VERSION } from '../version.js';
import { openapi } from './openapi.js';

@Controller('openapi.json')
export class OpenapiController {
  /** Written out once: whoever asks again and again costs next to nothing. */
  private readonly text = JSON.stringify(openapi(VERSION));

  @Get()
  @Needs('nothing')
  @Header('content-type', 'application/json; charset=utf-8')
  read() {
    return this.text;
  }
}
