import type { FastifyRequest } from 'fastify';
import type { Logger } from '../logger.js';
import { Seldom } from '../seldom.js';

/** How many sign-ins that were refused are told of at once. */
const SIGN_INS = 20;

/** Tells the log of requests that an operator should know were refused. Of callers' own mistakes it says nothing. */
export class RefusedRequests {
  private readonly signIns: Seldom;
  private readonly failures: Seldom;

  constructor(
    private readonly logger: Logger,
    clock?: () => number,
  ) {
    this.signIns = new Seldom(SIGN_INS, clock);
    this.failures = new Seldom(1, clock);
  }

  /** What nobody foresaw has been told of already. */
  tell(
    { status, code }: { status: number; code: string },
    error: unknown,
    { id: requestId, method, routeOptions, ip: address }: FastifyRequest,
  ): void {
    const told = { requestId, method, route: routeOptions?.url, status, code };
    if (status === 401 || status === 403)
      this.signIns.tell(code, (more) => this.logger.info({ ...told, address, ...more }, 'sign-in refused'));
    // Who waits for what does not come in time has asked for that.
    if (status > 500 && code !== 'behind')
      this.failures.tell(code, (more) => this.logger.error({ ...told, err: error, ...more }, 'request failed'));
  }
}
