import { parentPort, workerData } from 'node:worker_threads';
import { firstSpoilt, type Asked } from './reread.js';
import { openForReading } from './schema.js';

/** A thread that reads the events of a record again, while its service is at work. */
const { path, tiles } = workerData as Asked;
const db = openForReading(path);
try {
  parentPort!.postMessage(firstSpoilt(db, tiles));
} finally {
  db.close();
}
