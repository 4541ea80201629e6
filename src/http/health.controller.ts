import { Controller, Get, Inject } from '@nestjs/common';
import { Needs } from '../access/guard.js';
import { RecordReader } from '../record/record-reader.js';

@Controller('health')
export class HealthController {
  constructor(@Inject(RecordReader) private readonly record: RecordReader) {}

  /** The process answers. */
  @Get('live')
  @Needs('nothing')
  live() {
    return { status: 'ok' };
  }

  /** The record is open and readable. */
  @Get('ready')
  @Needs('nothing')
  ready() {
    return { status: 'ok', epoch: this.record.epoch, sequence: this.record.head };
  }
}
