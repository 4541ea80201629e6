import { openCheckpoint, parseCheckpoint, type Checkpoint, type KnownLog, type SignedCheckpoint } from '../proof/checkpoint.js';
import { LOG_KEY, WITNESS_KEY, parseVkey, type Signature, type Verifier } from '../proof/note-keys.js';
import { ProofError } from '../proof/proof-error.js';
import { FindingError, WrongUse, type Finding } from './finding.js';
import type { Source } from './source.js';
import { visible } from './visible.js';

/** Whom the auditor trusts. */
export interface Trust {
  /** The keys of logs, as the auditor came to know them. Without, those that a source names are taken on trust. */
  keys?: readonly Verifier[];
  /** Whose cosignatures are looked for. */
  witnesses?: readonly Verifier[];
  /** What these cosignatures lack, a sentence for each group of witnesses; nothing where they are enough. */
  quorum?: (cosignatures: readonly Signature[]) => readonly string[];
}

/** Opens a checkpoint of whichever log it names. Throws a FindingError where no key of that log, of those that are given, has signed it. */
export function opened(note: Buffer, { keys = [], witnesses = [] }: Trust): SignedCheckpoint {
  const origin = originOf(note);
  const log = knownLog(origin, keys, witnesses);
  if (origin !== '' && log.keys.length === 0 && keys.length > 0) {
    const message = `the checkpoint does not hold: it is one of ${visible(origin)}, and no key of that log is known here`;
    throw new FindingError({ code: 'checkpoint-invalid', message });
  }
  try {
    return openCheckpoint(note, log);
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    throw new FindingError({ code: 'checkpoint-invalid', message: `the checkpoint does not hold: ${error.message}` });
  }
}

/** The log of this origin, and what is known of it: the keys of other logs say nothing of it, whoever trusts them. */
function knownLog(origin: string, keys: readonly Verifier[], witnesses: readonly Verifier[]): KnownLog {
  const own = distinct(keys).filter((key) => isKeyOf(origin, key));
  return { origin, keys: own, witnesses: distinct(witnesses).filter(({ type }) => type === WITNESS_KEY) };
}

/** Whether a key can vouch for the checkpoints of this log. */
export function isKeyOf(origin: string, { name, type }: Verifier): boolean {
  return name === origin && type === LOG_KEY;
}

/** What is to be said where too few of the auditor's witnesses have seen a checkpoint. */
export function quorumFault({ cosignatures }: SignedCheckpoint, { quorum }: Trust): Finding | undefined {
  const lacking = quorum?.(cosignatures) ?? [];
  return lacking.length === 0
    ? undefined
    : { code: 'quorum', message: `too few witnesses have seen the checkpoint: ${lacking.join('; ')}` };
}

/**
 * Opens a checkpoint that was given out before `now`, by the same log. Throws a FindingError where the log can't have gone on from it, and
 * `WrongUse` where it is no checkpoint.
 */
export function openedEarlier(note: Buffer, now: Checkpoint, keys: readonly Verifier[]): Checkpoint {
  const { origin } = unsigned(note, 'the earlier checkpoint');
  if (origin !== now.origin)
    throw new FindingError({
      code: 'other-record',
      message: `the earlier checkpoint is one of ${visible(origin)}, and this record is ${visible(now.origin)}: \`zonewatch diff\` compares the two`,
    });
  const earlier = openedForComparing(note, origin, keys);
  if (earlier.size <= now.size) return earlier;
  const message = `the earlier checkpoint has ${earlier.size} events, and this one only ${now.size}`;
  throw notGoingOn({ message, sequence: now.size + 1 });
}

function openedForComparing(note: Buffer, origin: string, keys: readonly Verifier[]): Checkpoint {
  try {
    return openCheckpoint(note, knownLog(origin, keys, []));
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    if (error.code === 'no-known-signature')
      throw notGoingOn({ message: 'the earlier checkpoint was signed by another key than those of this log' });
    throw new WrongUse(`the earlier checkpoint does not hold: ${error.message}`, { cause: error });
  }
}

/** What a checkpoint says, without anybody vouching for it. Throws `WrongUse` where it is none. */
export function unsigned(note: Buffer, name: string): Checkpoint {
  try {
    return parseCheckpoint(note.toString('utf8', 0, note.lastIndexOf('\n\n') + 1));
  } catch (error) {
    if (error instanceof ProofError) throw new WrongUse(`${name} is no checkpoint: ${error.message}`, { cause: error });
    throw error;
  }
}

/** The keys that a source names. Those of kinds that are not known here are passed over. */
export async function ownKeys(source: Source): Promise<Verifier[]> {
  return (await source.vkeys()).flatMap((vkey) => {
    try {
      return [parseVkey(vkey)];
    } catch (error) {
      if (error instanceof ProofError) return [];
      throw error;
    }
  });
}

/** A key that is given twice would make its signatures ambiguous. */
function distinct(keys: readonly Verifier[]): Verifier[] {
  return [...new Map(keys.map((key) => [key.vkey, key])).values()];
}

function originOf(note: Buffer): string {
  return note.toString('utf8', 0, Math.max(note.indexOf('\n'), 0));
}

function notGoingOn(finding: Omit<Finding, 'code'>): FindingError {
  return new FindingError({ code: 'not-a-continuation', ...finding });
}
