import { pino, type DestinationStream, type LevelWithSilent, type Logger } from 'pino';

export type { Logger };

export type LogLevel = LevelWithSilent;

/** Whoever is built by Nest and logs asks for this. */
export const LOGGER = Symbol('logger');

/** Structured lines on the standard error stream; quiet but for what an operator should see. */
export function createLogger(level: LogLevel = 'info', to: DestinationStream = standardError(), secrets: readonly string[] = []): Logger {
  const streamWrite = (line: string) => withoutSecrets(line, secrets);
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, hooks: { streamWrite } }, to);
}

/** It may lead to a disk that is as full as the record's: then a line is lost, and not the service. */
function standardError(): DestinationStream {
  return pino.destination({ dest: 2, sync: true }).on('error', () => {});
}

/** Keys of the service, tokens, and what is sent as a credential. */
const SECRETS =
  /\bzw_[0-9a-f]{12}_[\w-]+|\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?|(?<=\b(?:bearer|basic) +)[^\s"\\]+|(?<=\b(?:token|access_token|key|password|secret)=)[^\s"\\&]+|(?<=:\/\/)[^\s"\\/@]+(?=@)/gi;

/** Nothing here writes a secret on purpose. But the message of a foreign error may quote the token that it could not read. */
function withoutSecrets(line: string, secrets: readonly string[]): string {
  let clean = line.replace(SECRETS, '[secret]');
  for (const secret of secrets) clean = clean.replaceAll(JSON.stringify(secret).slice(1, -1), '[secret]');
  return clean;
}

/** What a line tells of where an error was met. */
export interface Where {
  requestId?: string;
  command?: string;
  caller?: string;
}

/** Told of every error that nobody foresaw, wherever a caller only hears that something went wrong. */
export abstract class Unforeseen {
  abstract tell(error: unknown, where?: Where): void;
}

/** Writes each such error once, though it may pass several who tell of it. */
export function unforeseenIn(logger: Logger): Unforeseen {
  const told = new WeakSet<object>();
  return {
    tell: (error, where) => {
      const isObject = typeof error === 'object' && error !== null;
      if (isObject && told.has(error)) return;
      if (isObject) told.add(error);
      logger.error({ ...where, err: error }, 'unforeseen error');
    },
  };
}
