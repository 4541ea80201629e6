import { canonical } from '../event/canonical.js';
import type { Confidence, Json, RecordedEvent } from '../event/event.js';
import { ALWAYS, NEVER } from '../time/occurred.js';
import type { Standing } from './amend.js';
import type { Fact } from './fact.js';
import type { History } from './history.js';
import { certainlyPrecedes, inFoldingOrder } from './order.js';

/** On whose word a field stands. */
export interface Because {
  event: string;
  accordingTo?: string[];
  confidence?: Confidence;
}

/** A step out of the usual order: taken, and told. */
export interface Anomaly {
  event: string;
  rule: string;
  message: string;
}

/**
 * One thing that facts set, one after another: a field, or one member of a field (`roles/party-iran/guarantor`). `value` was set last in
 * the order of folding, at `latest` at the latest. `rivals` are the other values that may have been set last in the world, because their
 * facts don't certainly precede the one that holds: where there are any, the order of recording decided.
 */
export interface Register {
  value: Json;
  latest: number;
  rivals?: { value: Json; latest: number }[];
}

/** A subject as its facts left it: plain JSON, so that it is stored as it is and folded on from there. */
export interface Folded {
  stream: string;
  /** The revision and the sequence of the last event of its own stream. */
  revision: number;
  sequence: number;
  /** The latest beginning among its facts. A fact that ends before it belongs earlier, and the subject has to be folded anew. */
  newestStart: number;
  registers: Record<string, Register>;
  counts: Record<string, Record<string, number>>;
  because: Record<string, Because>;
  anomalies: Anomaly[];
  /** Its creation was retracted. */
  retracted?: true;
  /** The facts that were disputed, with their disputes. */
  contested?: Standing[];
  /** The fields that facts set which may have happened only after the instant that was asked for. */
  straddled?: string[];
}

/** How the events of one kind of subject change its state, and how that state reads. */
export interface Projection {
  on: Record<string, (draft: Draft, data: never, fact: Fact) => void>;
  /** The subject that a fact of another's stream changes, where such facts fold in: the party that a role is of. */
  ofOthers?(type: string, data: Record<string, Json>): string | undefined;
  /** The kind's own fields. `now` is the instant that the read stands at, in milliseconds. */
  view(state: StateView, now: number): Record<string, Json | undefined>;
}

/** The handlers of a kind, typed by its events. */
export type Handlers<Events> = { [T in keyof Events & string]: (draft: Draft, data: Events[T], fact: Fact) => void };

export function emptyFold(stream: string): Folded {
  return { stream, revision: -1, sequence: 0, newestStart: ALWAYS, registers: {}, counts: {}, because: {}, anomalies: [] };
}

/** Folds the history of a subject from nothing. */
export function fold(projection: Projection, { stream, revision, sequence, retracted, facts, asOf }: History): Folded {
  const folded = emptyFold(stream);
  const own = facts.filter((fact) => foldsInto(projection, stream, fact));
  for (const fact of inFoldingOrder(own.filter((fact) => !fact.retractedBy))) evolve(projection, folded, fact, asOf);
  const contested = own.filter(({ disputedBy }) => disputedBy);
  return { ...folded, revision, sequence, ...(retracted && { retracted }), ...(contested.length && { contested }) };
}

/** Whether a fact changes a subject. One of another's stream may have been corrected away from it. */
export function foldsInto(projection: Projection, stream: string, fact: Fact): boolean {
  return fact.stream === stream || projection.ofOthers?.(fact.type, fact.data) === stream;
}

/** Whether a newcomer folds onto what is there. If not, it certainly precedes a fact that is folded already, or creates the subject anew. */
export function comesLast(folded: Folded, fact: Fact): boolean {
  return !folded.retracted && !certainlyPrecedes(fact, { earliest: folded.newestStart, latest: folded.newestStart });
}

/**
 * A subject as it is left by an amendment that changes nothing of what its fact says: a dispute, say. `holds` is the fact with it.
 */
export function amendFold(projection: Projection, folded: Folded, amendment: RecordedEvent, holds: Standing): Folded {
  const { stream, contested = [] } = folded;
  const others = contested.filter(({ id }) => id !== holds.id);
  const now = holds.disputedBy && foldsInto(projection, stream, holds) ? [...others, holds] : others;
  now.sort((a, b) => a.sequence - b.sequence);
  const place = amendment.stream === stream && { revision: amendment.revision, sequence: amendment.sequence };
  const { contested: _, ...rest } = folded;
  return { ...rest, ...place, ...(now.length && { contested: now }) };
}

/** Folds one more fact, in place: the caller owns what it folds. */
export function evolve(projection: Projection, folded: Folded, fact: Fact, asOf = NEVER): void {
  if (fact.stream === folded.stream) {
    folded.revision = Math.max(folded.revision, fact.revision);
    folded.sequence = Math.max(folded.sequence, fact.sequence);
  }
  folded.newestStart = Math.max(folded.newestStart, fact.earliest);
  const handler = projection.on[fact.type];
  handler?.(new Draft(folded, fact, fact.latest > asOf), fact.data as never, fact);
}

/** What a subject would be, had it this fact alone. */
export function foldAlone(projection: Projection, stream: string, fact: Fact): Folded {
  const alone = emptyFold(stream);
  if (foldsInto(projection, stream, fact)) evolve(projection, alone, fact);
  return alone;
}

/** What a fact sets, register by register. What it counts is not among it: a count is never set otherwise. */
export function settings(projection: Projection, fact: Fact): Map<string, string> {
  return new Map(
    Object.entries(foldAlone(projection, fact.stream, fact).registers).map(([name, register]) => [name, canonical(register.value)]),
  );
}

/** A state under the hand of one fact. */
export class Draft {
  constructor(
    private readonly folded: Folded,
    private readonly fact: Fact,
    private readonly straddles: boolean,
  ) {}

  /** Sets a field, or with `member` one member of it. Nothing said (undefined) sets nothing; null takes away. */
  set(field: string, value: Json | undefined, ...member: string[]): void {
    if (value === undefined) return;
    const { registers } = this.folded;
    const name = [field, ...member].join('/');
    const before = registers[name];
    registers[name] = before ? succeed(before, value, this.fact) : { value, latest: this.fact.latest };
    this.because(field);
  }

  /** Sets each field that the data names. */
  setAll(data: object, ...fields: string[]): void {
    for (const field of fields) this.set(field, (data as Record<string, Json | undefined>)[field]);
  }

  /** Adds members to a set. */
  add(field: string, members: readonly string[] | undefined): void {
    for (const member of members ?? []) this.set(field, true, member);
  }

  /** Takes a member out of a set. */
  remove(field: string, ...member: string[]): void {
    this.set(field, null, ...member);
  }

  count(field: string, what: string): void {
    const counts = (this.folded.counts[field] ??= {});
    counts[what] = (counts[what] ?? 0) + 1;
    this.because(field);
  }

  /**
   * Sets the status that a subject is first heard of in. One that the report leaves open is the first of its kind; it never takes the place
   * of one that was told of an earlier day.
   */
  begin(status: string | undefined, first: string): void {
    if (status !== undefined || this.value('status') === undefined) this.set('status', status ?? first);
  }

  /** Moves the status on. From a status that is not among the usual ones the step is taken all the same, and told. */
  step(status: string, usual: readonly string[]): void {
    this.usually(usual);
    this.set('status', status);
  }

  /** Tells of a step that is not usual where the status is what it is. */
  usually(from: readonly string[]): void {
    const status = this.value('status');
    if (typeof status === 'string' && !from.includes(status))
      this.anomaly('out-of-order', `${this.fact.type} where the status was ${status}`);
  }

  /** What holds at this point of the folding. */
  value(field: string, ...member: string[]): Json | undefined {
    return this.folded.registers[[field, ...member].join('/')]?.value;
  }

  anomaly(rule: string, message: string): void {
    this.folded.anomalies.push({ event: this.fact.id, rule, message });
  }

  private because(field: string): void {
    const { id, accordingTo, confidence } = this.fact;
    this.folded.because[field] = { event: id, ...(accordingTo && { accordingTo }), ...(confidence && { confidence }) };
    if (this.straddles && !this.folded.straddled?.includes(field)) (this.folded.straddled ??= []).push(field);
  }
}

/** Those that stay possible the longest are kept; two would do to know whether a field is uncertain. */
const MAX_RIVALS = 8;

function succeed(before: Register, value: Json, fact: Fact): Register {
  const held = before.rivals ? [...before.rivals, before] : [before];
  const possible = held.filter((rival) => rival.latest >= fact.earliest);
  if (possible.length === 0) return { value, latest: fact.latest };
  const said = canonical(value);
  const rivals: { value: Json; latest: number }[] = [];
  let latest = fact.latest;
  for (const rival of possible) {
    if (canonical(rival.value) === said) latest = Math.max(latest, rival.latest);
    else rivals.push({ value: rival.value, latest: rival.latest });
  }
  rivals.sort((a, b) => b.latest - a.latest).splice(MAX_RIVALS);
  return rivals.length ? { value, latest, rivals } : { value, latest };
}

/** A folded state as the views of the kinds read it. */
export class StateView {
  constructor(readonly folded: Folded) {}

  /** A field's value, or with `member` that of one of its members. */
  one(field: string, ...member: string[]): Json | undefined {
    return this.folded.registers[[field, ...member].join('/')]?.value ?? undefined;
  }

  list(field: string): Json {
    return this.one(field) ?? [];
  }

  /** The members of a field that hold, in the order in which they first came. */
  members(field: string): { member: string[]; value: Json }[] {
    return Object.entries(this.folded.registers)
      .filter(([name, { value }]) => value !== null && name.startsWith(`${field}/`))
      .map(([name, { value }]) => ({ member: name.split('/').slice(1), value }));
  }

  set(field: string): string[] {
    return this.members(field).map(({ member }) => member[0]!);
  }

  wasRemoved(field: string, ...member: string[]): boolean {
    return this.folded.registers[[field, ...member].join('/')]?.value === null;
  }

  counts(field: string): Record<string, number> {
    return this.folded.counts[field] ?? {};
  }
}
