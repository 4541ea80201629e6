/** Follows a Zonewatch record: `import { follow } from 'zonewatch/client'`. Needs Node 20.19 and socket.io-client, and nothing of the service. */
export { FeedClosed, GapError, ReadRefused } from './errors.js';
export { follow, Following, type FollowOptions } from './follow.js';
export { fileStore, memoryStore, type At, type PositionStore } from './position-store.js';
export { snapshotThenFollow, type Change, type Snapshot, type SnapshotOptions } from './snapshot-then-follow.js';
export type { Closed, FeedFilter } from './subscription.js';
export type { Token } from './token.js';
export type { RecordedEvent } from '../event/event.js';
export type { State } from '../folding/state.js';
