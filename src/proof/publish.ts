import type { Config } from '../config.js';
import type { Logger } from '../logger.js';
import type { OpenRecord } from '../record/record.js';
import { StartRefused } from '../start-refused.js';
import { CheckpointFile } from './checkpoint-file.js';
import { signersOf } from './log-keys.js';
import { ProofError } from './proof-error.js';
import { Forked, PublishedLog, type Cosigners } from './published-log.js';

const NOBODY: Cosigners = { keys: [], cosign: () => Promise.resolve([]) };

/**
 * Publishes an open record. Throws `StartRefused` where it is not the record that was signed: fewer events, another tree, another name.
 */
export function publish(record: OpenRecord, { data, origin }: Config, logger: Logger, cosigners = NOBODY): PublishedLog {
  const name = `${origin}/${record.reader.epoch}`;
  const onFailure = (error: unknown) =>
    error instanceof Forked
      ? logger.fatal({ err: error }, 'the record is not what was signed: no checkpoint is signed any more')
      : logger.error({ err: error }, 'the checkpoint could not be published, and will be tried again');
  try {
    const log = new PublishedLog(name, record.writer.tree, new CheckpointFile(data), signersOf(data, name), cosigners, {
      isNew: record.unsigned.get(),
      onFailure,
    });
    record.unsigned.clear();
    record.writer.onCommit(() => log.grew());
    return log;
  } catch (error) {
    throw refused(error, name, data);
  }
}

function refused(error: unknown, name: string, folder: string): unknown {
  if (error instanceof Forked)
    return new StartRefused(
      `the record in ${folder} is not the one that was signed: ${error.message}. Put back what belongs to ${folder}/checkpoint, or begin ` +
        'a new record from a backup with `zonewatch restore`. `zonewatch verify` tells what is amiss.',
      { cause: error },
    );
  if (error instanceof ProofError)
    return new StartRefused(
      `${folder}/checkpoint is none of ${name} by a key in log.key: ${error.message}. ZONEWATCH_ORIGIN must be what it was, and the ` +
        'record, the checkpoint and the key must belong together.',
      { cause: error },
    );
  return error;
}
