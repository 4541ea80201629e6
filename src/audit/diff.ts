import type { Checkpoint } from '../proof/checkpoint.js';
import type { Verifier } from '../proof/note-keys.js';
import { FindingError, WrongUse, type Finding } from './finding.js';
import { firstDifference, type Difference } from './first-difference.js';
import { isKeyOf, opened, ownKeys, quorumFault, unsigned, type Trust } from './opening.js';
import { RootAt, type Progress } from './rehash.js';
import type { Source } from './source.js';
import { verifyWith } from './verify.js';
import { visible } from './visible.js';

/** A checkpoint by itself, as an auditor has kept it. */
export type BareCheckpoint = Pick<Source, 'name' | 'checkpoint'>;

export interface DiffOptions extends Trust {
  /** A source that has the events of both, where neither side can show that one goes on from the other. */
  log?: Source;
  progress?: Progress;
  signal?: AbortSignal;
}

export interface Diff {
  /**
   * `same`: one tree. `continues`: one is the other with more events behind it. `contradicts`: they differ in what both should have, which
   * no honest log signs. `unproven`: a side, or the log, is not what was signed, or nobody is known to have signed it and it does not agree,
   * so that nothing follows from it.
   */
  result: 'same' | 'continues' | 'contradicts' | 'unproven';
  /** Whether both are of one log. A restored or imported record is another, and its events may be the same all the same. */
  isOneLog: boolean;
  a: DiffSide;
  b: DiffSide;
  /** Which one goes on, and by how many events. */
  longer?: { side: 'a' | 'b'; by: number };
  /** The first event that differs. Known where both sides have their events. */
  first?: Difference;
  /** What does not hold in a side by itself. */
  findings: readonly DiffFinding[];
  /** Whether the keys came from the auditor. */
  keysTrusted: boolean;
}

export interface DiffFinding extends Finding {
  side: 'a' | 'b' | 'log';
}

export interface DiffSide extends Checkpoint {
  name: string;
  /** Whether its log has signed it, by a key that is known. */
  isSigned: boolean;
}

interface Side {
  letter: 'a' | 'b';
  note: Buffer;
  source: Source | undefined;
  told: DiffSide;
}

type Outcome = Pick<Diff, 'result' | 'longer' | 'first'>;

/**
 * Compares two records, or what their checkpoints say, whatever their logs are called: a record and what was imported from it are one tree.
 * What a side says of itself is verified first. Throws `WrongUse` where neither side, nor `log`, has what would show that one goes on from
 * the other, and the reason of the signal when that is aborted.
 */
export async function diff(a: Source | BareCheckpoint, b: Source | BareCheckpoint, options: DiffOptions = {}): Promise<Diff> {
  const findings: DiffFinding[] = [];
  const sideA = await sideOf('a', a, b, options, findings);
  const sideB = await sideOf('b', b, a, options, findings);
  const [short, long] = sideA.told.size <= sideB.told.size ? [sideA, sideB] : [sideB, sideA];
  const outcome = await compare(short, long, options, findings);
  const isOneLog = sideA.told.origin === sideB.told.origin;
  return { ...outcome, isOneLog, a: sideA.told, b: sideB.told, findings, keysTrusted: options.keys !== undefined };
}

async function compare(short: Side, long: Side, options: DiffOptions, findings: DiffFinding[]): Promise<Outcome> {
  const { size, root } = short.told;
  const by = long.told.size - size;
  const prover = by === 0 || long.source ? long : options.log;
  if (!prover)
    throw new WrongUse(`${short.told.name} and ${long.told.name} have different sizes: that takes the events of the longer one, or --log`);
  const then = new RootAt(size);
  await verifySide(short, [], options, findings);
  await verifySide(long, [then], options, findings);
  if (by > 0 && !long.source) await verifyLog(options.log!, long, then, options, findings);
  const held = by === 0 ? long.told.root : then.root;
  const isHeld = held?.equals(root) ?? false;
  const first = !isHeld && short.source && long.source ? await locate(short, long, options) : undefined;
  // Tiles that are wrong prove nothing, but take nothing from the events either.
  if (findings.some(({ code }) => code !== 'tile-changed')) return { result: 'unproven', ...(first && { first }) };
  const unvouched = isHeld ? [] : [short, long].filter(({ told }) => !told.isSigned);
  // Anybody can write a checkpoint that accuses an honest log.
  for (const { letter, told } of unvouched)
    findings.push({
      side: letter,
      code: 'checkpoint-invalid',
      message: `no key of ${visible(told.origin)} is known that could have signed this`,
    });
  if (unvouched.length > 0) return { result: 'unproven' };
  if (!isHeld) return { result: 'contradicts', ...(first && { first }) };
  return by === 0 ? { result: 'same' } : { result: 'continues', longer: { side: long.letter, by } };
}

async function sideOf(
  letter: 'a' | 'b',
  given: Source | BareCheckpoint,
  other: Source | BareCheckpoint,
  options: DiffOptions,
  findings: DiffFinding[],
): Promise<Side> {
  const note = await given.checkpoint();
  const told = { name: given.name, ...unsigned(note, given.name) };
  // Whether the log of a source has signed its checkpoint is seen when it is verified.
  if (isSource(given)) return { letter, note, source: given, told: { ...told, isSigned: false } };
  const keys = options.keys ?? (await keysNamedBy([other, options.log]));
  // The keys that another log names say nothing of this one.
  const isJudged = options.keys !== undefined || keys.some((key) => isKeyOf(told.origin, key));
  const fault = isJudged ? faultOf(note, { ...options, keys }) : undefined;
  if (fault) findings.push({ ...fault, side: letter });
  return { letter, note, source: undefined, told: { ...told, isSigned: isJudged && fault?.code !== 'checkpoint-invalid' } };
}

async function keysNamedBy(sources: readonly (Source | BareCheckpoint | undefined)[]): Promise<Verifier[]> {
  const named = await Promise.all(sources.map((source) => (source && isSource(source) ? ownKeys(source) : [])));
  return named.flat();
}

function faultOf(note: Buffer, trust: Trust): Finding | undefined {
  try {
    return quorumFault(opened(note, trust), trust);
  } catch (error) {
    if (error instanceof FindingError) return error.finding;
    throw error;
  }
}

/** Whether a side's events are what its checkpoint says, and whether that is signed. A bare checkpoint has no events, and was opened before. */
async function verifySide(
  { letter, source, note, told }: Side,
  roots: readonly RootAt[],
  options: DiffOptions,
  findings: DiffFinding[],
): Promise<void> {
  if (source) told.isSigned = await verifyEvents(source, letter, { ...options, checkpoint: note }, roots, findings);
}

/** Whether the log has what the longer side has signed. What it had before is then proven too. */
async function verifyLog(log: Source, { letter, told }: Side, then: RootAt, options: DiffOptions, findings: DiffFinding[]): Promise<void> {
  const whole = new RootAt(told.size);
  await verifyEvents(log, 'log', options, [then, whole], findings);
  if (!whole.root) throw new WrongUse(`${log.name} has fewer events than ${told.name}, and so can't prove anything of it`);
  if (whole.root.equals(told.root)) return;
  findings.push({ side: letter, code: 'not-a-continuation', message: `${told.name} is not what ${log.name} had at ${told.size} events` });
}

/** Reads the events of a source past the roots that are asked for, and gives whether its log has signed its checkpoint. */
async function verifyEvents(
  source: Source,
  side: DiffFinding['side'],
  options: DiffOptions & { checkpoint?: Buffer },
  roots: readonly RootAt[],
  findings: DiffFinding[],
): Promise<boolean> {
  const seeing = {
    page: async (page: Parameters<RootAt['see']>[0]) => {
      for (const root of roots) root.see(page);
      return [];
    },
    end: async function* () {},
  };
  const report = await verifyWith(source, { ...options, hashesOnly: true }, () => [seeing]);
  for (const finding of report.findings) findings.push({ ...finding, side });
  return report.signedBy.length > 0;
}

async function locate(short: Side, long: Side, { progress, signal }: DiffOptions): Promise<Difference | undefined> {
  const [a, b] = (short.letter === 'a' ? [short, long] : [long, short]).map(({ source, told }) => ({ source: source!, size: told.size }));
  return firstDifference(a!, b!, progress, signal);
}

function isSource(given: Source | BareCheckpoint): given is Source {
  return 'entries' in given;
}
