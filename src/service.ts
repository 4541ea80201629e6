import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { adminKeyOf } from './access/admin-key.js';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';
import { FeedServer } from './feed/feed-server.js';
import type { FeedLimits } from './feed/limits.js';
import { MAX_BODY_BYTES } from './body/json.js';
import { addBodyParsers } from './http/body-parsers.js';
import { openapi } from './http/openapi.js';
import { problemOf } from './http/problems.js';
import { createLogger, type Unforeseen } from './logger.js';
import { publish } from './proof/publish.js';
import type { PublishedLog } from './proof/published-log.js';
import { openRecord, type OpenRecord } from './record/record.js';
import { StartRefused } from './start-refused.js';
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

/** Opens the record and serves it. Rejects with an error whose message says what to do, and leaves nothing open then. */
export async function startService(config: Config, { feedLimits }: { feedLimits?: Partial<FeedLimits> } = {}): Promise<Service> {
  const logger = createLogger();
  const unforeseen: Unforeseen = { tell: (error) => logger.error({ err: error }, 'unforeseen error') };
  const record = openRecord(config.data, { onProgress: (done, of) => logger.info({ done, of }, 'folding the states anew') });
  let log: PublishedLog | undefined;
  let app: NestFastifyApplication | undefined;
  let madeKey: string | undefined;
  try {
    log = publish(record, config, logger);
    const { key, made } = adminKeyOf(config.data, config.adminKey);
    madeKey = made;
    app = await NestFactory.create<NestFastifyApplication>(
      AppModule.with({ record, log, adminKey: key, unforeseen, ...(feedLimits && { feedLimits }) }),
      fastifyAdapter(unforeseen),
      {
        // Nest hands this to the sockets' server too; on the adapter alone an idle socket would hold the stop up.
        bodyParser: false,
        forceCloseConnections: true,
        // What Nest would print of a failed start is told once, in words that help; errors of requests go through our filter.
        logger: false,
        abortOnError: false,
      },
    );
    addBodyParsers(app.getHttpAdapter().getInstance());
    app.useWebSocketAdapter(new FeedServer(app));
    SwaggerModule.setup('docs', app, openapi(VERSION), { jsonDocumentUrl: '/openapi.json', customSiteTitle: 'Zonewatch' });
    await app.listen(config.port, config.host);
  } catch (error) {
    await app?.close();
    await log?.close();
    await record.close();
    throw explained(error, config);
  }
  const { port } = app.getHttpServer().address() as { port: number };
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const opened = { app, log };
  const close = async () => {
    // Proofs that wait for a checkpoint have it before their connections are cut.
    await opened.log.flush();
    await new Promise(setImmediate);
    await opened.app.close();
    // What is in flight becomes durable first, so that the last checkpoint covers it.
    await record.log.close();
    await opened.log.close();
    await record.close();
  };
  return { app, record, address: `http://${host}:${port}`, madeKey, close };
}

function fastifyAdapter(unforeseen: Unforeseen) {
  /** Answers errors before any route: an address that can't be read, a header that is none. */
  const frameworkErrors = (error: unknown, _request: unknown, reply: FastifyReply) => {
    const problem = problemOf(error, unforeseen);
    void reply.status(problem.status).type('application/problem+json; charset=utf-8').send(JSON.stringify(problem));
  };
  return new FastifyAdapter({ bodyLimit: MAX_BODY_BYTES, frameworkErrors: frameworkErrors as never });
}

/** What an operator can do about an address that can't be listened on. */
function explained(error: unknown, { host, port }: Config): unknown {
  const { code } = error as { code?: string };
  if (code === 'EADDRINUSE')
    return new StartRefused(`port ${port} of ${host} is taken. Set PORT to another one, or to 0 for any that is free.`, { cause: error });
  if (code === 'EACCES') return new StartRefused(`port ${port} may not be used by this user. Set PORT to 1024 or above.`, { cause: error });
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new StartRefused(`${host} is no address of this machine. Set HOST to one that is.`, { cause: error });
  return error;
}
