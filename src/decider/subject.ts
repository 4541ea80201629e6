import type { Diary } from '../diary/announced.js';
import type { Json } from '../event/event.js';
import type { Kind } from '../event/subject.js';
import type { Projection, StateView } from '../folding/fold.js';

/**
 * What a kind of subject is, whole. Its routes, commands, states and documents all follow from this; a new kind is one folder that says
 * this and one line in `subjects.ts`.
 */
export interface Subject {
  kind: Kind;
  /** The word in the routes: `zones`. */
  collection: string;
  /** The verb that creates one: `report`. */
  create: string;
  /** The event that each verb makes. One command makes one event. */
  events: Record<string, string>;
  /** The body that each verb takes. */
  bodies: Record<string, CommandBody>;
  projection: Projection;
  /** The states' fields that a list can be filtered by, with their values. */
  filters: Record<string, readonly string[]>;
  /** What each of its events is about besides what the event itself names: a deployment's party and zone. */
  standing?(state: StateView, data: Record<string, Json>): (Json | undefined)[];
  /** Another subject whose state an event of this kind also changes: the party that is named for a role. */
  alsoFoldsInto?(type: string, data: Record<string, Json>): string | undefined;
  /** The dates that its facts announce. */
  diary?: Diary;
  /** Its states depend on the instant of the read (commitments fall due), which the reply then tells. */
  readsTheClock?: true;
}

export interface CommandBody {
  summary: string;
  body: new () => object;
  /** A body that is accepted where what it names exists: it stands in the OpenAPI document, and a test sends it. */
  example: Record<string, Json>;
}
