import type { FastifyRequest } from 'fastify';
import type { Logger } from '../logger.js';

/** How often the same failure is told of, in milliseconds: a disk that is full fails thousands of requests alike. */
const EVERY = 1_000;

/** Tells the log of requests that an operator should know were refused. Of callers' own mistakes it says nothing. */
export class RefusedRequests {
  private readonly last = new Map<string, { at: number; more: number }>();

  constructor(
    private readonly logger: Logger,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** What nobody foresaw has been told of already. */
  tell(
    { status, code }: { status: number; code: string },
    error: unknown,
    { id: requestId, method, routeOptions, ip: address }: FastifyRequest,
  ): void {
    const told = { requestId, method, route: routeOptions?.url, status, code };
    if (status === 401 || status === 403) this.logger.info({ ...told, address }, 'sign-in refused');
    if (status > 500) this.failed(code, { ...told, err: error });
  }

  private failed(code: string, told: object): void {
    const now = this.clock();
    const last = this.last.get(code);
    if (last && now - last.at < EVERY) {
      last.more += 1;
      return;
    }
    this.logger.error({ ...told, ...(last && last.more > 0 && { untold: last.more }) }, 'request failed');
    this.last.set(code, { at: now, more: 0 });
  }
}
