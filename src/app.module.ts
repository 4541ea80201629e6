import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import type { Access } from './access/access.js';
import { ApiKeys } from './access/api-keys.js';
import { CommandRates } from './access/command-rates.js';
import { AccessGuard } from './access/guard.js';
import { KeysController } from './access/keys.controller.js';
import { Sessions } from './access/sessions.js';
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
import { HealthController } from './health/health.controller.js';
import { MinDisk, Readiness } from './health/readiness.js';
import { CommandsController } from './http/commands.controller.js';
import { EventsController } from './http/events.controller.js';
import { InFlight } from './http/in-flight.js';
import { OpenapiController } from './http/openapi.controller.js';
import { ProblemFilter } from './http/problems.js';
import { Reads } from './http/reads.js';
import { RefusedRequests } from './http/refused-requests.js';
import { Submissions } from './http/submissions.js';
import { SubjectsController } from './http/subjects.controller.js';
import { LOGGER, Unforeseen, type Logger } from './logger.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { Metrics } from './metrics/metrics.js';
import { LogController } from './proof/log.controller.js';
import { PublishedLog } from './proof/published-log.js';
import type { OpenRecord } from './record/record.js';
import { RecordReader } from './record/record-reader.js';
import { RecordWriter } from './record/record-writer.js';
import { PositionsController } from './statements/positions.controller.js';
import { Traces } from './traces/traces.js';
import { ZonesController } from './zones/zones.controller.js';

/** What is opened before the application and closed after it. */
export interface Opened {
  record: OpenRecord;
  log: PublishedLog;
  access: Access;
  unforeseen: Unforeseen;
  logger: Logger;
  traces: Traces;
  minDisk: number;
  feedLimits?: Partial<FeedLimits>;
}

@Module({})
export class AppModule {
  static with({ record, log, access, unforeseen, logger, traces, minDisk, feedLimits }: Opened): DynamicModule {
    const opened: Provider[] = [
      { provide: SignIn, useValue: access.signIn },
      { provide: ApiKeys, useValue: access.keys },
      { provide: Sessions, useValue: access.sessions },
      { provide: CommandRates, useValue: access.rates },
      { provide: RecordReader, useValue: record.reader },
      { provide: RecordWriter, useValue: record.writer },
      { provide: PublishedLog, useValue: log },
      { provide: Commands, useValue: new Commands(record.log, record.tail) },
      { provide: Unforeseen, useValue: unforeseen },
      { provide: LOGGER, useValue: logger },
      { provide: Traces, useValue: traces },
      { provide: MinDisk, useValue: new MinDisk(minDisk) },
      { provide: FeedLimits, useValue: new FeedLimits(feedLimits) },
      { provide: APP_FILTER, useValue: new ProblemFilter(unforeseen, new RefusedRequests(logger)) },
      { provide: APP_GUARD, useClass: AccessGuard },
    ];
    return {
      module: AppModule,
      imports: [TerminusModule.forRoot({ logger: false })],
      providers: [...opened, InFlight, Reads, Submissions, Feed, FeedGateway, Metrics, Readiness],
      // The fixed routes come before those that take any collection.
      controllers: [
        CommandsController,
        EventsController,
        KeysController,
        LogController,
        ZonesController,
        CommitmentsController,
        PositionsController,
        DiaryController,
        ChangesController,
        StreamController,
        AsyncapiController,
        OpenapiController,
        HealthController,
        MetricsController,
        SubjectsController,
      ],
    };
  }
}
