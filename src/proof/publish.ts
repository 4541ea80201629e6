import { readFileSync } from 'node:fs';
import type { Config } from '../config.js';
import type { Logger } from '../logger.js';
import type { OpenRecord } from '../record/record.js';
import type { Spoilt } from '../record/reread.js';
import { StartRefused } from '../start-refused.js';
import { CheckpointFile } from './checkpoint-file.js';
import { readSigners, signersOf } from './log-keys.js';
import { NO_WITNESSES, isSatisfied, parsePolicy, type Policy } from './policy.js';
import { ProofError } from './proof-error.js';
import { Forked, PublishedLog, type Cosigners } from './published-log.js';
import { Witnesses, type WitnessWatch } from './witnesses.js';

/** How long a checkpoint waits for its witnesses before it is published, in milliseconds. What they say later is joined to it. */
const PATIENCE = 400;

/**
 * Publishes an open record. Throws `StartRefused` where it is not the record that was signed: fewer events, another tree, another name. Where
 * that only comes out later, nothing is signed any more, and `onForked` is told what a start would have been.
 */
export function publish(
  record: OpenRecord,
  { data, origin, policy: path }: Config,
  logger: Logger,
  onForked: (refused: unknown) => void = () => {},
): PublishedLog {
  const name = `${origin}/${record.reader.epoch}`;
  const onFailure = (error: unknown) => {
    if (!(error instanceof Forked)) return logger.error({ err: error }, 'the checkpoint could not be published, and will be tried again');
    logger.fatal({ err: error }, 'the record is not what was signed: no checkpoint is signed any more');
    onForked(refused(error, name, data));
  };
  const onRecovery = () => logger.info('the checkpoint is published again');
  const policy = path === undefined ? NO_WITNESSES : readPolicy(path);
  const proofs = (old: number, size: number) => log.consistency(old, size);
  const witnesses = new Witnesses(policy.witnesses, proofs, watchedBy(logger));
  const cosigners: Cosigners = {
    keys: policy.witnesses.map(({ key }) => key),
    cosign: (checkpoint, late) => witnesses.cosign(checkpoint, { patience: PATIENCE, enough: (found) => isSatisfied(policy, found), late }),
    standings: () => witnesses.standings(),
    close: () => witnesses.close(),
  };
  const file = new CheckpointFile(data);
  let log: PublishedLog;
  try {
    // A key that is missing beside what it has signed was lost: a new one could open nothing of that.
    const signers = file.read() ? readSigners(data, name) : signersOf(data, name);
    const found = record.reread();
    if (found && !(found instanceof Promise)) throw forked(found);
    log = new PublishedLog(name, record.writer.tree, file, signers, cosigners, {
      isNew: record.unsigned.get(),
      onFailure,
      onRecovery,
    });
    if (found) void later(found, (spoilt) => log.disown(forked(spoilt)), logger);
    record.unsigned.clear();
    record.writer.onCommit(() => log.grew());
    return log;
  } catch (error) {
    throw refused(error, name, data);
  }
}

async function later(found: Promise<Spoilt | undefined>, tell: (spoilt: Spoilt) => void, logger: Logger): Promise<void> {
  try {
    const spoilt = await found;
    if (spoilt) tell(spoilt);
    else logger.debug('every event was read again, and is what was signed');
  } catch (error) {
    logger.error({ err: error }, 'the events could not all be read again: `zonewatch verify` tells whether they are what was signed');
  }
}

function forked({ first, last }: Spoilt): Forked {
  return new Forked(`among the events ${first} to ${last} are some that are not those that were signed`);
}

function readPolicy(path: string): Policy {
  try {
    return parsePolicy(readFileSync(path));
  } catch (error) {
    throw new StartRefused(`ZONEWATCH_POLICY names ${path}, which is no policy: ${(error as Error).message}`, { cause: error });
  }
}

function watchedBy(logger: Logger): WitnessWatch {
  return {
    alarm: (witness, why) => logger.fatal({ witness, why }, 'a witness holds another history of this record, and is not asked again'),
    away: (witness, why) => logger.warn({ witness, why }, 'a witness does not cosign'),
    back: (witness) => logger.info({ witness }, 'a witness cosigns again'),
  };
}

function refused(error: unknown, name: string, folder: string): unknown {
  if (error instanceof Forked)
    return new StartRefused(
      `the record in ${folder} is not the one that was signed: ${error.message}. Put back what belongs to ${folder}/checkpoint, or fill ` +
        'a new folder from a backup with `zonewatch restore` or from an export with `zonewatch import`. `zonewatch verify` tells what is amiss.',
      { cause: error },
    );
  if (error instanceof ProofError)
    return new StartRefused(
      `${folder}/checkpoint is none of ${name} by a key in log.key: ${error.message}. ZONEWATCH_ORIGIN must be what it was, and the ` +
        'record, the checkpoint and the key must belong together.',
      { cause: error },
    );
  if ((error as NodeJS.ErrnoException).syscall !== undefined)
    return new StartRefused(
      `the checkpoint or the key in ${folder} can't be used: ${(error as Error).message}. Check that this user may read and write there.`,
      { cause: error },
    );
  return error;
}
