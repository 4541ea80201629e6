import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { access, constants, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PublishedLog } from '../proof/published-log.js';
import { RecordReader } from '../record/record-reader.js';
import { RecordWriter } from '../record/record-writer.js';

/** How far the states may be behind, in events, and how long events may be without a checkpoint, in milliseconds. */
const MAX_LAG = 1_000;
const MAX_UNCOVERED = 15_000;

/** How many bytes must be free where the data folder is. */
export class MinDisk {
  constructor(readonly bytes: number) {}
}

/** What the service needs to do its work, check by check. Anybody may read what they say: they name no path, address or key. */
@Injectable()
export class Readiness {
  private isStopping = false;

  constructor(
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(RecordWriter) private readonly writer: RecordWriter,
    @Inject(RecordReader) private readonly record: RecordReader,
    @Inject(PublishedLog) private readonly log: PublishedLog,
    @Inject(MinDisk) private readonly minDisk: MinDisk,
  ) {}

  /** To be told when a stop begins: whoever spreads requests over services shall send no more. */
  stops(): void {
    this.isStopping = true;
  }

  get checks(): (() => HealthIndicatorResult | Promise<HealthIndicatorResult>)[] {
    return [
      () => this.service(),
      () => this.disk(),
      () => this.written(),
      () => this.projection(),
      () => this.checkpoint(),
      () => this.witnesses(),
    ];
  }

  private service(): HealthIndicatorResult {
    const service = this.indicators.check('service');
    return this.isStopping ? service.down('the service is being stopped') : service.up();
  }

  private async disk(): Promise<HealthIndicatorResult> {
    const disk = this.indicators.check('disk');
    const needed = this.minDisk.bytes;
    try {
      const { bavail, bsize } = await statfs(dirname(this.writer.db.name));
      const free = bavail * bsize;
      if (free < needed) return disk.down({ message: `${free} bytes are free, and ${needed} are needed`, free, needed });
      return disk.up({ free, needed });
    } catch {
      return disk.down('the disk does not tell what is free');
    }
  }

  private async written(): Promise<HealthIndicatorResult> {
    const writer = this.indicators.check('writer');
    const { failure } = this.writer;
    if (failure) {
      const { reason, since } = failure;
      return writer.down({ message: `nothing can be recorded since ${since}: ${reason}`, reason, since });
    }
    if (!this.writer.db.open) return writer.down('the record is closed');
    try {
      await access(this.writer.db.name, constants.W_OK);
      return writer.up();
    } catch {
      return writer.down({ message: 'the record may not be written', reason: 'read-only' });
    }
  }

  private projection(): HealthIndicatorResult {
    const projection = this.indicators.check('projection');
    const lag = this.record.unfolded;
    if (lag > MAX_LAG) return projection.down({ message: `the states are ${lag} events behind`, lag });
    return projection.up({ lag });
  }

  private checkpoint(): HealthIndicatorResult {
    const checkpoint = this.indicators.check('checkpoint');
    const { uncovered: lag, behindFor, hasEnded } = this.log.standing;
    if (hasEnded) return checkpoint.down({ message: 'no checkpoint is signed any more', lag });
    const seconds = Math.round(behindFor / 1_000);
    if (behindFor > MAX_UNCOVERED) return checkpoint.down({ message: `events have had no checkpoint for ${seconds} s`, lag });
    return checkpoint.up({ lag });
  }

  /** A witness that holds another history is for a person to look into. Whoever reads the record is served as before. */
  private witnesses(): HealthIndicatorResult {
    const check = this.indicators.check('witnesses');
    const { witnesses } = this.log.standing;
    const count = (state: string) => witnesses.filter((one) => one.state === state).length;
    const told = { of: witnesses.length, cosigning: count('cosigning'), alarms: count('alarm') };
    if (told.alarms > 0) return check.degraded({ message: `${told.alarms} hold another history of this record`, ...told });
    return check.up(told);
  }
}
