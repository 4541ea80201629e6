import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { AdminKey } from './access/admin-key.js';
import { AccessGuard } from './access/guard.js';
import { SignIn } from './access/sign-in.js';
import { CommitmentsController } from './agreements/commitments.controller.js';
import { ChangesController } from './changes/changes.controller.js';
import { Commands } from './decider/commands.js';
import { DiaryController } from './diary/diary.controller.js';
import { AsyncapiController } from './feed/asyncapi.controller.js';
import { Feed } from './feed/feed.js';
import { FeedGateway } from './feed/feed.gateway.js';
import { FeedLimits } from './feed/limits.js';
import { StreamController } from './feed/stream.controller.js';
import { CommandsController } from './http/commands.controller.js';
import { EventsController } from './http/events.controller.js';
import { HealthController } from './http/health.controller.js';
import { ProblemFilter } from './http/problems.js';
import { Reads } from './http/reads.js';
import { SubjectsController } from './http/subjects.controller.js';
import { Unforeseen } from './logger.js';
import { LogController } from './proof/log.controller.js';
import { PublishedLog } from './proof/published-log.js';
import type { OpenRecord } from './record/record.js';
import { RecordReader } from './record/record-reader.js';
import { RecordWriter } from './record/record-writer.js';
import { PositionsController } from './statements/positions.controller.js';
import { ZonesController } from './zones/zones.controller.js';

/** What is opened before the application and closed after it. */
export interface Opened {
  record: OpenRecord;
  log: PublishedLog;
  adminKey: AdminKey;
  unforeseen: Unforeseen;
  feedLimits?: Partial<FeedLimits>;
}

@Module({})
export class AppModule {
  static with({ record, log, adminKey, unforeseen, feedLimits }: Opened): DynamicModule {
    const opened: Provider[] = [
      { provide: AdminKey, useValue: adminKey },
      { provide: RecordReader, useValue: record.reader },
      { provide: RecordWriter, useValue: record.writer },
      { provide: PublishedLog, useValue: log },
      { provide: Commands, useValue: new Commands(record.log, record.tail) },
      { provide: Unforeseen, useValue: unforeseen },
      { provide: FeedLimits, useValue: new FeedLimits(feedLimits) },
      { provide: APP_FILTER, useValue: new ProblemFilter(unforeseen) },
      { provide: APP_GUARD, useClass: AccessGuard },
    ];
    return {
      module: AppModule,
      providers: [...opened, SignIn, Reads, Feed, FeedGateway],
      // The fixed routes come before those that take any collection.
      controllers: [
        CommandsController,
        EventsController,
        LogController,
        ZonesController,
        CommitmentsController,
        PositionsController,
        DiaryController,
        ChangesController,
        StreamController,
        AsyncapiController,
        HealthController,
        SubjectsController,
      ],
    };
  }
}
