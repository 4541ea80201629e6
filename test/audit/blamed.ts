import type { Finding } from '../../src/audit/finding.js';

/** What an attack touches first, and so what the first finding must name. One of these is given. */
export interface Touched {
  /** This event. */
  event?: number;
  /** One of these: a state does not tell which of the events that it rests on a part of it is from. */
  oneOf?: readonly number[];
  /** This event, whose hash was made anew: the hashes over it tell that it is one of two. */
  pair?: number;
  /** This event, with all that could tell which it is made anew: that one was changed must be told, and no other may be said to be. */
  hidden?: number;
  /** This event is not there, and that must be told of it. */
  missing?: number;
  /** No event. */
  nothing?: true;
  /** What is there says that it is of another release, and no word can be had of it. */
  refused?: true;
  /** The places of events have other ones now: a finding names the one that is there. */
  anew?: true;
}

/** The bytes of the events, in hex, by their sequences. */
export type Entries = ReadonlyMap<number, string>;

/** What is wrong with findings on a record that was changed: undefined where they name the first event that was touched, and wrong no other. */
export function misnamed(findings: readonly Finding[], touched: Touched, honest: Entries, now: Entries): string | undefined {
  const [first] = findings;
  if (!first) return 'nothing was found';
  const other = findings.find((finding) => finding.sequence !== undefined && finding.id !== idOf(finding, touched.anew ? now : honest));
  if (other) return `${other.sequence} is not the event ${other.id}`;
  return wronged(findings, honest, now) ?? misplaced(findings, first, touched);
}

/** Which event is said to be changed and is not, or goes by the id of another. */
export function wronged(findings: readonly Finding[], honest: Entries, now: Entries): string | undefined {
  const same = findings.filter((finding) => finding.sequence !== undefined && isSame(spanOf(finding), honest, now));
  const accused = same.find(({ code }) => code === 'event-changed');
  if (accused) return `event ${accused.sequence} is said to be changed, and is not`;
  // What can't be read can't tell its id.
  const other = same.find((finding) => finding.code !== 'unreadable' && finding.id !== idOf(finding, honest));
  return other && `${other.sequence} is not the event ${other.id}`;
}

function misplaced(findings: readonly Finding[], first: Finding, touched: Touched): string | undefined {
  const { event, oneOf, pair, hidden, missing, nothing } = touched;
  const { sequence } = first;
  if (missing !== undefined && !findings.some((finding) => finding.code === 'event-missing' && finding.sequence === missing))
    return `that event ${missing} is missing was not told`;
  if (nothing && sequence !== undefined) return `event ${sequence} was named, and none was touched`;
  if (event !== undefined && sequence !== event) return `event ${sequence} was named, and not ${event}`;
  if (oneOf && !oneOf.includes(sequence!)) return `event ${sequence} was named, and none of ${oneOf.join()}`;
  if (pair !== undefined && !spans(first, pair)) return `event ${sequence} was named, and not ${pair}`;
  if (pair !== undefined && !findings.some((finding) => spans(finding, pair, 2))) return `no two were named of which ${pair} is one`;
  if (hidden === undefined) return undefined;
  if (sequence !== undefined && sequence < hidden) return `event ${sequence} was named, and it was not touched`;
  const isTold = findings.some(
    (finding) => finding.code === 'root-mismatch' || (finding.code === 'event-changed' && spans(finding, hidden)),
  );
  return isTold ? undefined : 'that an event was changed was not told';
}

/** The events that a finding is on: one, or some of which it is one. */
function spanOf({ sequence, message }: Finding): readonly [from: number, to: number] {
  const [, from, to] = /the events (\d+) to (\d+)/.exec(message) ?? [];
  return from === undefined ? [sequence!, sequence!] : [Number(from), Number(to)];
}

function spans(finding: Finding, sequence: number, atMost = Infinity): boolean {
  const [from, to] = spanOf(finding);
  return from <= sequence && sequence <= to && to - from < atMost;
}

function isSame([from, to]: readonly [number, number], honest: Entries, now: Entries): boolean {
  for (let sequence = from; sequence <= to; sequence++) if (honest.get(sequence) !== now.get(sequence)) return false;
  return true;
}

/** The id of an event that is there; what is no event any more has none. */
function idOf({ sequence }: Finding, entries: Entries): string | undefined {
  try {
    const { id } = JSON.parse(Buffer.from(entries.get(sequence!)!, 'hex').toString()) as { id?: string };
    return id;
  } catch {
    return undefined;
  }
}
