import { setTimeout as pause } from 'node:timers/promises';
import { replay, statesAt, type ChangedSubject, type StandOptions, type Step } from '../audit/replay.js';
import { WrongUse } from '../audit/finding.js';
import type { Source } from '../audit/source.js';
import { canonical } from '../event/canonical.js';
import type { Json } from '../event/event.js';
import type { State } from '../folding/state.js';
import { bounds, instant } from '../time/occurred.js';
import { audited, trusted, withSource, type AuditOptions } from './audit.js';
import { ProgressLine } from './progress-line.js';
import { isolated, line, plain } from './show.js';

export interface ReplayCommand extends AuditOptions {
  subject?: string[];
  from?: string;
  to?: string;
  asOf?: string;
  atSequence?: string;
  knownAt?: string;
  speed?: string;
}

/** A day, a month or a year. */
const DATE = /^\d{4}(-(0\d|1[0-2])(-\d\d)?)?$/;
/** What a line of an event begins with: its sequence, and two blanks. */
const MARGIN = 9;
/** A timer of more milliseconds ends at once. */
const MAX_TIMER = 2 ** 31 - 1;

/** `zonewatch replay [place]`: the record at a place step by step, or the states at one place in it. */
export async function replayPlace(place: string, options: ReplayCommand): Promise<void> {
  await audited(options, (signal) => withSource(place, options, signal, (source) => replayRecord(source, options, signal)));
}

/**
 * Prints a record step by step, each event and under it what it changed; or, where a place in the record is asked for, the states there.
 * Throws `WrongUse` for options that make no sense, a FindingError where the record does not hold, and the reason of the signal.
 */
export async function replayRecord(source: Source, options: ReplayCommand, signal: AbortSignal): Promise<void> {
  const print = printerFor(options, signal);
  if (options.atSequence !== undefined || options.knownAt !== undefined) await printStates(source, options, signal);
  else for await (const step of replay(source, await stepsAsked(options, signal))) await print(step);
}

async function standpoint({ subject, asOf, ...options }: ReplayCommand, signal: AbortSignal): Promise<StandOptions> {
  return { ...(await trusted(options)), signal, ...(subject && { subject }), ...(asOf !== undefined && { asOf: moment('--as-of', asOf) }) };
}

async function stepsAsked({ from, to, ...options }: ReplayCommand, signal: AbortSignal) {
  const [first, last] = [whole('--from', from), whole('--to', to)];
  return { ...(await standpoint(options, signal)), ...(first !== undefined && { from: first }), ...(last !== undefined && { to: last }) };
}

async function printStates(
  source: Source,
  { atSequence, knownAt, from, to, json, ...options }: ReplayCommand,
  signal: AbortSignal,
): Promise<void> {
  if (from !== undefined || to !== undefined) throw new WrongUse('--from and --to ask for steps, --at-sequence and --known-at for states');
  const at = whole('--at-sequence', atSequence);
  const held = { ...(at !== undefined && { atSequence: at }), ...(knownAt !== undefined && { knownAt: moment('--known-at', knownAt) }) };
  const folded = new ProgressLine('events');
  const progress = (done: number, of: number) => folded.show(done, of);
  try {
    for await (const state of statesAt(source, { ...(await standpoint(options, signal)), ...held, progress })) {
      // What is printed may go to the same terminal.
      folded.end();
      console.log(json ? JSON.stringify(state) : stateShown(state));
    }
  } finally {
    folded.end();
  }
}

/** Prints steps at the speed that was asked for. */
function printerFor({ speed, json }: ReplayCommand, signal: AbortSignal): (step: Step) => Promise<void> {
  const rate = speed === undefined ? Infinity : Number(speed);
  if (!(rate > 0)) throw new WrongUse(`--speed takes a number of events a second, not ${speed}`);
  let next = performance.now();
  return async (step) => {
    for (let wait = next - performance.now(); wait > 0; wait = next - performance.now())
      await pause(Math.min(wait, MAX_TIMER), undefined, { signal });
    next = Math.max(next, performance.now()) + 1_000 / rate;
    console.log(json ? JSON.stringify(step) : stepShown(step));
  };
}

function stepShown({ event, changes }: Step): string {
  return [`${String(event.sequence).padStart(MARGIN - 2)}  ${line(event)}`, ...changes.flatMap(changeShown)].join('\n');
}

function changeShown({ stream, state, changes }: ChangedSubject): string[] {
  const gone = state ? [] : ['is not there any more, as of then'];
  return [...gone, ...changes.flatMap(({ field, before, after }) => valuesShown(before, after).map((shown) => `${field}: ${shown}`))].map(
    (told) => indented(`${stream}  ${told}`),
  );
}

/** Of a list, only what joined it and what left: the rest would hide that. */
function valuesShown(before: Json | undefined, after: Json | undefined): string[] {
  const [was, is] = [before ?? [], after ?? []];
  if (!Array.isArray(was) || !Array.isArray(is)) return [`${value(before)} → ${value(after)}`];
  const left = without(was, is).map((item) => `- ${value(item)}`);
  const joined = without(is, was).map((item) => `+ ${value(item)}`);
  return left.length + joined.length ? [...left, ...joined] : [`${value(before)} → ${value(after)}`];
}

function without(items: readonly Json[], others: readonly Json[]): Json[] {
  const known = new Set(others.map((item) => canonical(item)));
  return items.filter((item) => !known.has(canonical(item)));
}

function stateShown({ stream, revision, sequence, ...fields }: State): string {
  const told = Object.entries(fields).filter(
    ([field, held]) => field !== 'id' && field !== 'because' && held !== undefined && !isNothing(held),
  );
  return [`${stream}@${revision} (event ${sequence})`, ...told.map(([field, held]) => indented(`${field}: ${value(held)}`))].join('\n');
}

function isNothing(held: Json): boolean {
  return held === false || (typeof held === 'object' && Object.keys(held ?? {}).length === 0);
}

function indented(text: string): string {
  return ' '.repeat(MARGIN) + text;
}

const FROM_RIGHT_TO_LEFT = /\p{Script=Arabic}|\p{Script=Hebrew}|\p{Script=Syriac}|\p{Script=Thaana}/u;

/** A value as JSON, in which texts from right to left don't turn what stands beside them around (first strong isolate, pop). */
function value(of: Json | undefined): string {
  if (of === undefined) return 'nothing';
  return plain(JSON.stringify(of)).replaceAll(/"(?:[^"\\]|\\.)*"/g, (text) => (FROM_RIGHT_TO_LEFT.test(text) ? isolated(text) : text));
}

function whole(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new WrongUse(`${option} takes a sequence, not ${text}`);
}

/** An instant, or the end of a date in UTC, as reads of the service take it. */
function moment(option: string, text: string): number {
  const found = instant(text) ?? (DATE.test(text) ? bounds(text)?.latest : undefined);
  if (found === undefined) throw new WrongUse(`${option} takes a date (2017-07-06) or an instant with its offset, not ${text}`);
  return found;
}
