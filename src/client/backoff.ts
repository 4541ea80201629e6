const BASE = 500;
const CAP = 30_000;

/**
 * How long to wait before trying again, in milliseconds: anything from nothing to twice as much with every failure ("full jitter"), so that
 * those whom one failure has hit do not all come back at once; and never less than the service has asked for.
 *
 * @param failures how often it has failed since it last went well, from 0
 */
export function backoff(failures: number, retryAfter = 0): number {
  return retryAfter + Math.random() * Math.min(CAP, BASE * 2 ** failures);
}
