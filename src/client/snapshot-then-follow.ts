import type { RecordedEvent } from '../event/event.js';
import type { Kind } from '../event/subject.js';
import type { State } from '../folding/state.js';
import { follow, type FollowOptions } from './follow.js';
import { Reader } from './reader.js';

/** The collections, and the kind of subject that each holds. */
const KINDS = {
  parties: 'party',
  zones: 'zone',
  agreements: 'agreement',
  deployments: 'deployment',
  statements: 'statement',
  talks: 'talks',
} as const satisfies Record<string, Kind>;

export interface SnapshotOptions extends Pick<FollowOptions, 'url' | 'token' | 'signal' | 'onLive' | 'onProgress' | 'onClosed'> {
  collection: keyof typeof KINDS;
  /**
   * Only the subjects of which an event is about one of these streams, as the list's `about=` has it. There is no filter by status: that a
   * subject has left a status is a change that you want to see.
   */
  filter?: { about?: readonly string[] | undefined } | undefined;
  /** From where in time every state is read. */
  asQuery?: { asOf?: string | undefined; publishedBy?: string | undefined } | undefined;
}

/** All states as they were at `sequence`. */
export interface Snapshot {
  kind: 'snapshot';
  epoch: string;
  sequence: number;
  states: State[];
}

/**
 * An event has touched a subject, whose state is now this: read at `sequence`, which is the event's or a later one. `state` is undefined where, as
 * of `asQuery`, there is nothing of the subject. An event about several subjects of the collection makes a change of each.
 */
export interface Change {
  kind: 'change';
  stream: string;
  state: State | undefined;
  sequence: number;
  event: RecordedEvent;
}

/**
 * The states of a collection, once, and then every change of them: nothing is missed between the two, nor over disconnects. It ends when the loop
 * is left or `signal` aborts. Throws what `follow` throws, and `ReadRefused`; after `FeedClosed` with `other-record`, begin anew.
 */
export async function* snapshotThenFollow(options: SnapshotOptions): AsyncGenerator<Snapshot | Change, void, undefined> {
  const { url, token, signal, collection, filter: { about } = {}, asQuery = {} } = options;
  const reader = new Reader(url, token, signal, options.onClosed);
  const prefix = `${KINDS[collection]}-`;
  try {
    const { states, sequence } = await reader.all(collection, { ...asQuery, about });
    const { epoch } = reader as { epoch: string };
    yield { kind: 'snapshot', epoch, sequence, states };

    const members = new Set(states.map(({ stream }) => stream));
    const isMember = (stream: string, event: RecordedEvent) => {
      if (!about || (event.stream === stream && about.some((name) => event.about.includes(name)))) members.add(stream);
      return members.has(stream);
    };
    // No filter asks for all that is about subjects of one kind: an event of a zone may change what a party's state tells.
    const { onLive, onProgress, onClosed } = options;
    for await (const event of follow({ url, token, signal, onLive, onProgress, onClosed, after: sequence, epoch })) {
      const touched = new Set([event.stream, ...event.about].filter((stream) => stream.startsWith(prefix)));
      for (const stream of touched) {
        if (!isMember(stream, event)) continue;
        yield { kind: 'change', stream, ...(await reader.one(collection, stream.slice(prefix.length), event.sequence, asQuery)), event };
      }
    }
  } catch (error) {
    // To abort is to end it, whatever it was waiting for.
    if (!signal?.aborted) throw error;
  }
}
