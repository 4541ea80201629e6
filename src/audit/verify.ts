import type { Checkpoint } from '../proof/checkpoint.js';
import { EventChecks, canonicallyRead, named } from './event-checks.js';
import { FindingError, type Finding } from './finding.js';
import { Findings } from './findings.js';
import { HeldTiles } from './held-tiles.js';
import { opened, openedEarlier, ownKeys, quorumFault, type Trust } from './opening.js';
import { RootAt, rehash, type Progress } from './rehash.js';
import type { Check, Source } from './source.js';

export interface VerifyOptions extends Trust {
  /** The checkpoint that the record is held to: without, the newest that the source has. */
  checkpoint?: Buffer;
  /** One that was given out before: the record must begin with what it was then. */
  earlier?: Buffer;
  /** Only whether the events are those that were signed: neither what they say nor what was made of them. */
  hashesOnly?: boolean;
  progress?: Progress;
  /** How many of the states that a service shows are held against the events, of how many: behind the last event. */
  states?: Progress;
  signal?: AbortSignal;
}

export interface Report {
  /** What the checkpoint says, where its log has signed it. */
  origin?: string;
  size: number;
  root?: Buffer;
  /** How many events were read. */
  events: number;
  /** The names of the keys that have signed the checkpoint. */
  signedBy: readonly string[];
  /** The witnesses that have seen it, and when, in POSIX seconds. */
  cosignedBy: readonly { name: string; time: number }[];
  /** Whether the keys came from the auditor, and not from the source itself. */
  keysTrusted: boolean;
  /** What does not hold, by sequence: the first hundred. None means that the record holds. */
  findings: readonly Finding[];
  /** How many there are, as far as they were looked for. */
  count: number;
}

/**
 * Verifies a record: that its events are, byte for byte, those that its log has signed, that they tell one story without gaps, that all else
 * the source keeps agrees with them, and that the record goes on from an earlier checkpoint. Memory: the tree's edge, and a number a subject.
 * Throws `WrongUse` where nothing can be said, and the reason of the signal when that is aborted.
 */
export async function verify(source: Source, options: VerifyOptions = {}): Promise<Report> {
  const { hashesOnly = false } = options;
  return verifyWith(source, options, (checkpoint) => (source.check ? [source.check(checkpoint, { hashesOnly })] : []));
}

/** Verifies, and holds other things against the events than those that the source keeps. */
export async function verifyWith(
  source: Source,
  options: VerifyOptions,
  checksOf: (checkpoint: Checkpoint) => readonly Check[],
): Promise<Report> {
  const findings = new Findings();
  const report = { size: 0, events: 0, signedBy: [], cosignedBy: [], keysTrusted: options.keys !== undefined };
  const keys = options.keys ?? (await attempt(() => ownKeys(source), findings)) ?? [];
  const { witnesses = [] } = options;
  const opening = async () => opened(options.checkpoint ?? (await source.checkpoint()), { keys, witnesses });
  const checkpoint = await attempt(opening, findings);
  if (!checkpoint) return { ...report, findings: findings.list, count: findings.count };
  const { origin, size, root, signatures, cosignatures } = checkpoint;
  const unwitnessed = quorumFault(checkpoint, options);
  if (unwitnessed) findings.add(unwitnessed);
  const earlier = options.earlier && (await attempt(() => openedEarlier(options.earlier!, checkpoint, keys), findings));
  const events = await verifyEvents(source, { checkpoint, earlier, checks: checksOf(checkpoint) }, options, findings);
  return {
    ...report,
    origin,
    size,
    root,
    events,
    signedBy: signatures.filter((signature) => !cosignatures.includes(signature)).map(({ by }) => by.name),
    cosignedBy: cosignatures.map(({ by, time }) => ({ name: by.name, time: time! })),
    findings: await withIds(source, findings.list, size),
    count: findings.count,
  };
}

/** What the events are held to. */
interface Against {
  checkpoint: Checkpoint;
  earlier: Checkpoint | undefined;
  checks: readonly Check[];
}

/** Reads the events once, and gives how many there were. */
async function verifyEvents(
  source: Source,
  { checkpoint, earlier, checks }: Against,
  { hashesOnly, progress, states, signal }: VerifyOptions,
  findings: Findings,
): Promise<number> {
  const { size } = checkpoint;
  const held = source.tile && new HeldTiles(source.tile.bind(source), checkpoint);
  const eventChecks = hashesOnly ? undefined : new EventChecks();
  const now = new RootAt(size);
  const then = earlier && new RootAt(earlier.size);
  let events = 0;
  const reading = async () => {
    for await (const page of rehash(source, size, progress, signal)) {
      const differing = await held?.page(page);
      const said = eventChecks ? page.entries.map(canonicallyRead) : [];
      said.forEach((event, at) => {
        if (differing?.has(at)) return eventChecks!.passOver();
        const fault = eventChecks!.check(page.entries[at]!, event, page.after + at + 1);
        if (fault) findings.add(fault);
      });
      for (const check of checks) findings.add(...(await check.page({ ...page, events: said })));
      now.see(page);
      then?.see(page);
      events = page.after + page.entries.length;
    }
    for (const check of checks) for await (const finding of check.end(states)) findings.add(finding);
  };
  try {
    await attempt(reading, findings);
  } finally {
    for (const check of checks) await check.close?.();
  }
  const eventsHold = now.root?.equals(checkpoint.root) ?? false;
  await attempt(() => judge(held, eventsHold, events === size, findings), findings);
  // What the events of a changed copy lead to says nothing of the log.
  const root = then?.size === size ? checkpoint.root : eventsHold ? then?.root : undefined;
  if (earlier && root && !root.equals(earlier.root)) findings.add(rewritten(earlier));
  return events;
}

/** Says what the hashes mean, after the last event. */
async function judge(held: HeldTiles | undefined, eventsHold: boolean, areAllThere: boolean, findings: Findings): Promise<void> {
  const blamed = await held?.blame(eventsHold);
  // What else is amiss with one of some events may tell which of them it was.
  findings.add(...(blamed?.spans ?? []), ...(blamed?.tiles ?? []));
  findings.blame(blamed?.events ?? [], blamed?.more ?? 0);
  if (eventsHold || !areAllThere || blamed?.events.length || blamed?.spans.length) return;
  findings.add({
    code: 'root-mismatch',
    message: 'the events do not lead to the root that was signed, and no hash here tells which was changed',
  });
}

function rewritten({ size }: Checkpoint): Finding {
  return {
    code: 'not-a-continuation',
    message: `the first ${size} events are not those of the earlier checkpoint: they were changed since`,
  };
}

/** What an attempt gives; nothing where it ends with a finding, which is kept. */
async function attempt<T>(what: () => T | Promise<T>, findings: Findings): Promise<T | undefined> {
  try {
    return await what();
  } catch (error) {
    if (!(error instanceof FindingError)) throw error;
    findings.add(error.finding);
    return undefined;
  }
}

/** The findings, each with the id of the first event that it touches, where the source still has that event. */
async function withIds(source: Source, findings: readonly Finding[], size: number): Promise<Finding[]> {
  const complete: Finding[] = [];
  for (const finding of findings) {
    const { code, sequence, id } = finding;
    const isNameable = id === undefined && sequence !== undefined && sequence <= size && code !== 'event-missing';
    complete.push(isNameable ? { ...finding, ...(await nameOf(source, sequence, size)) } : finding);
  }
  return complete;
}

async function nameOf(source: Source, sequence: number, size: number): Promise<{ id?: string }> {
  const name = async () => {
    for await (const [entry] of source.entries(sequence - 1, size)) if (entry) return named(entry, sequence);
    return {};
  };
  return (await attempt(name, new Findings())) ?? {};
}
