import { parentPort, workerData } from 'node:worker_threads';
import { openForReading } from '../../record/schema.js';
import { isDamage, unreadable } from './readable.js';
import type { Asked, Told } from './second-reader.js';
import { damageOf, sumOfTags, wrongStates } from './states-check.js';

/** A thread that looks at the rest of a file while another reads its events, and tells of each thing when it is through with it. */
const { path, seed, head } = workerData as Asked;
const tell = (told: Partial<Told> & { failed?: string }) => parentPort!.postMessage(told);
const db = openForReading(path);
try {
  db.exec('BEGIN');
  tell({ tags: sumOfTags(db, seed, head) });
  tell({ damage: damageOf(db) });
  tell({ wrongStates: wrongStates(db) });
} catch (error) {
  if (isDamage(error)) tell({ tags: '', damage: [unreadable(error)], wrongStates: [unreadable(error)] });
  // Events that were changed may fold into anything. Whoever reads them knows, and does not ask.
  else tell({ failed: (error as Error).message });
} finally {
  db.close();
}
