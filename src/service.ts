import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { openAccess, type Access } from './access/access.js';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';
import { FeedServer, wantsSocket } from './feed/feed-server.js';
import type { FeedLimits } from './feed/limits.js';
import { MAX_BODY_BYTES } from './body/json.js';
import { boundConnections } from './http/connections.js';
import { addBodyParsers } from './http/body-parsers.js';
import { addDoors, serverOptions } from './http/doors.js';
import { PATIENCE, type Patience } from './http/slow-bodies.js';
import { openapi } from './http/openapi.js';
import { answerUpgrades } from './http/upgrades.js';
import { withholdFromEnded } from './access/guard.js';
import { unreadable } from './http/unreadable.js';
import { problemOf } from './http/problems.js';
import { requestIdOf, watchRequest, watchRequests, type RequestWatch } from './http/request-watch.js';
import { Readiness } from './health/readiness.js';
import { createLogger, unforeseenIn, type Logger, type Unforeseen } from './logger.js';
import { Metrics } from './metrics/metrics.js';
import { publish } from './proof/publish.js';
import type { PublishedLog } from './proof/published-log.js';
import { diskError } from './record/disk-error.js';
import { openRecord, type OpenRecord } from './record/record.js';
import { StartRefused } from './start-refused.js';
import { NO_TRACES } from './traces/traces.js';
import { VERSION } from './version.js';

export interface Service {
  app: NestFastifyApplication;
  record: OpenRecord;
  /** `http://host:port` */
  address: string;
  /** A key that was made at this start, to be shown this once. */
  madeKey: string | undefined;
  close(): Promise<void>;
}

export interface ServiceOptions {
  feedLimits?: Partial<FeedLimits>;
  patience?: Partial<Patience>;
  logger?: Logger;
  /** Told where the record turns out not to be what was signed when it is served already, and what a start would have been told. */
  onForked?: (refused: unknown) => void;
}

/** Opens the record and serves it. Rejects with an error whose message says what to do, and leaves nothing open then. */
export async function startService(config: Config, options: ServiceOptions = {}): Promise<Service> {
  const { feedLimits, onForked } = options;
  const patience = { ...PATIENCE, ...options.patience };
  // The log may tell none of these; the admin key of the folder joins them.
  const secrets = [config.adminKey, config.jwt?.secret].filter((secret) => secret !== undefined);
  const logger = options.logger ?? createLogger(config.logLevel, undefined, secrets);
  const unforeseen = unforeseenIn(logger);
  const record = openRecord(config.data, { onProgress: (done, of) => logger.info({ done, of }, 'folding the states anew') });
  record.writer.disk.onChange((failure) => {
    if (failure) logger.error({ reason: failure.reason, err: failure.cause }, 'the record can not be written; reads and the feed go on');
    else logger.info('the record is written again');
  });
  let log: PublishedLog | undefined;
  let app: NestFastifyApplication | undefined;
  let access: Access | undefined;
  const traces = config.traces ? (await import('./traces/otlp.js')).otlpTraces(config.traces, logger) : NO_TRACES;
  let watch: RequestWatch | undefined;
  try {
    log = publish(record, config, logger, onForked);
    access = await openAccess(config, unforeseen.tell);
    secrets.push(access.adminKey);
    app = await NestFactory.create<NestFastifyApplication>(
      AppModule.with({
        record,
        log,
        access,
        unforeseen,
        logger,
        traces,
        minDisk: config.minDisk,
        feedLimits: { connections: config.connections, connectionsPerAddress: config.connectionsPerAddress, ...feedLimits },
      }),
      fastifyAdapter(unforeseen, (request, reply) => watch && watchRequest(request, reply, watch), patience),
      {
        // Nest hands this to the sockets' server too; on the adapter alone an idle socket would hold the stop up.
        bodyParser: false,
        forceCloseConnections: true,
        // What Nest would print of a failed start is told once, in words that help; errors of requests go through our filter.
        logger: false,
        abortOnError: false,
      },
    );
    const fastify = app.getHttpAdapter().getInstance();
    watch = { logger, traces, metrics: app.get(Metrics).http };
    watchRequests(fastify, watch);
    addBodyParsers(fastify);
    withholdFromEnded(fastify);
    await addDoors(fastify, config.sites, patience);
    app.useWebSocketAdapter(new FeedServer(app, config.sites));
    SwaggerModule.setup('docs', app, openapi(VERSION), { raw: false, customSiteTitle: 'Zonewatch' });
    await app.init();
    boundConnections(fastify, { connections: config.connections, connectionsPerAddress: config.connectionsPerAddress });
    answerUpgrades(fastify, wantsSocket);
    await app.listen(config.port, config.host);
  } catch (error) {
    await app?.close();
    access?.close();
    await log?.close();
    await record.close();
    await traces.close();
    throw explained(error, config);
  }
  const { port } = app.getHttpServer().address() as { port: number };
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const opened = { app, log, access };
  const close = async () => {
    opened.app.get(Readiness).stops();
    record.reader.endWaits();
    // Proofs that wait for a checkpoint have it before their connections are cut.
    await opened.log.flush();
    await new Promise(setImmediate);
    await opened.app.close();
    opened.access.close();
    // What is in flight becomes durable first, so that the last checkpoint covers it.
    await record.log.close();
    await opened.log.close();
    await record.close();
    await traces.close();
  };
  return { app, record, address: `http://${host}:${port}`, madeKey: access.madeKey, close };
}

function fastifyAdapter(unforeseen: Unforeseen, watch: (request: FastifyRequest, reply: FastifyReply) => void, patience: Patience) {
  /** Answers errors before any route: an address that can't be read, a header that is none. */
  const frameworkErrors = (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    watch(request, reply);
    const problem = problemOf(error, unforeseen, { requestId: request.id });
    void reply.status(problem.status).type('application/problem+json; charset=utf-8').send(JSON.stringify(problem));
  };
  return new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    http: serverOptions(patience),
    connectionTimeout: patience.idle,
    genReqId: requestIdOf,
    frameworkErrors: frameworkErrors as never,
    clientErrorHandler: unreadable,
  });
}

/** What an operator can do about an address that can't be listened on. */
function explained(error: unknown, { host, port, data }: Config): unknown {
  const { code } = error as { code?: string };
  if (code === 'EADDRINUSE')
    return new StartRefused(`port ${port} of ${host} is taken. Set PORT to another one, or to 0 for any that is free.`, { cause: error });
  if (code === 'EACCES') return new StartRefused(`port ${port} may not be used by this user. Set PORT to 1024 or above.`, { cause: error });
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EINVAL')
    return new StartRefused(`${host} is no address of this machine. Set HOST to one that is.`, { cause: error });
  if (diskError(error, data))
    return new StartRefused(
      `what is in ${data} can't be used: ${(error as Error).message}. Check that it is this user's, who may write to it, and that the disk is well.`,
      {
        cause: error,
      },
    );
  return error;
}
