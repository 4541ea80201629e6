import type { Confidence, Json, RecordedEvent } from '../../src/event/event.js';
import { dated, type Fact } from '../../src/folding/fact.js';
import { fold, type Folded } from '../../src/folding/fold.js';
import { historyOf } from '../../src/folding/history.js';
import { present, type State } from '../../src/folding/state.js';
import { subjectOfStream } from '../../src/subjects.js';

/** What an event may say besides what happened and when. `stream`: the subject it is of, where that is another one. */
export interface Frame {
  stream?: string;
  accordingTo?: string[];
  confidence?: Confidence;
}

/** An event of a kind, as a test tells it: its type, when it occurred, what it says. */
export type Told<Events> = { [T in keyof Events & string]: [type: T, occurred: string, data: Events[T], frame?: Frame] }[keyof Events &
  string];

/** Some time after all that the tests tell of. */
export const LATER = Date.parse('2026-01-01T00:00:00Z');

/** What was recorded of one subject, in the order of recording. The events' ids are `e1`, `e2` and so on. */
export interface Story<Events> {
  facts: Fact[];
  when(...told: Told<Events>[]): Story<Events>;
  /** The subject folded from nothing. */
  folded(): Folded;
  /** The state as a read at an instant shows it. */
  state(now?: string): State;
}

export function given<Events>(stream: string, ...told: Told<Events>[]): Story<Events> {
  const facts = factsOf(stream, told);
  const { projection } = subjectOfStream(stream);
  const folded = () => fold(projection, historyOf(stream, facts));
  return {
    facts,
    when: (...more) => given<Events>(stream, ...told, ...more),
    folded,
    state: (now) => present(projection, folded(), now === undefined ? LATER : Date.parse(now)),
  };
}

/** The facts that were told, each with the next sequence and with the next revision of its stream. */
export function factsOf<Events>(own: string, told: readonly Told<Events>[]): Fact[] {
  const revisions = new Map<string, number>();
  return told.map(([type, occurred, data, { stream = own, ...more } = {}], at) => {
    const revision = revisions.get(stream) ?? 0;
    revisions.set(stream, revision + 1);
    const event: RecordedEvent = {
      sequence: at + 1,
      id: `e${at + 1}`,
      stream,
      revision,
      type,
      version: 1,
      occurred,
      recordedAt: '2026-01-01T00:00:00.000Z',
      recordedBy: 'test',
      sources: [{ publisher: 'TASS' }],
      about: [stream],
      data: data as Record<string, Json>,
      ...more,
    };
    return dated(event) as Fact;
  });
}

const COMMON = new Set(['id', 'stream', 'revision', 'sequence', 'anomalies', 'disputed', 'uncertain', 'retracted', 'because']);

/** The kind's own fields that somebody has set, without those that every state has. */
export function ownFields(state: State): Record<string, Json | undefined> {
  return Object.fromEntries(Object.entries(state).filter(([field, value]) => !COMMON.has(field) && value !== undefined));
}

/** The rules that the anomalies of a state name, each with its event. */
export function anomalies(state: State): string[] {
  return (state['anomalies'] as unknown as { event: string; rule: string }[]).map(({ event, rule }) => `${event} ${rule}`);
}
