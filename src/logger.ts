import { pino, type Logger } from 'pino';

export type { Logger };

/** Structured lines on the standard error stream; quiet but for what an operator should see. */
export function createLogger(level = process.env['LOG_LEVEL'] ?? 'info'): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: ['*.authorization', '*.token'] },
    pino.destination({ dest: 2, sync: true }),
  );
}

/** Told of every error that nobody foresaw, wherever a caller only hears that something went wrong. */
export abstract class Unforeseen {
  abstract tell(error: unknown): void;
}
