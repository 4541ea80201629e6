import { fold } from '../folding/fold.js';
import { historyOf } from '../folding/history.js';
import { subjectOfStream } from '../subjects.js';
import { HistoryReader } from './history-reader.js';
import { STATES_TABLE, type Db } from './schema.js';

/** To be raised with every change that folds or stores states otherwise. A record of another version is refolded at its start. */
export const PROJECTION_VERSION = '2';

export type Progress = (done: number, of: number) => void;

const SUBJECTS_AT_ONCE = 500;

/** Whether the stored states were folded by this release's projections. */
export function statesAreCurrent(db: Db): boolean {
  return db.prepare<[], string>("SELECT value FROM meta WHERE key = 'projection'").pluck().get() === PROJECTION_VERSION;
}

/** A subject as `states` has it. */
export interface StateRow {
  stream: string;
  since: number;
  changed: number;
  folded: string;
}

/** Every subject as its events fold it, by stream, some hundreds at a time: in memory are those, and the events of one. */
export function* refolded(db: Db): Generator<StateRow[]> {
  const selectStreams = db
    .prepare<[string, number], string>('SELECT stream FROM events WHERE revision = 0 AND stream > ? ORDER BY stream LIMIT ?')
    .pluck();
  const histories = new HistoryReader(db);
  for (let after = ''; ;) {
    const streams = selectStreams.all(after, SUBJECTS_AT_ONCE);
    if (streams.length === 0) return;
    yield streams.map((stream) => {
      const events = histories.eventsOf(stream);
      const folded = fold(subjectOfStream(stream).projection, historyOf(stream, events));
      const since = events.find((event) => event.stream === stream)!.sequence;
      return { stream, since, changed: events.at(-1)!.sequence, folded: JSON.stringify(folded) };
    });
    after = streams.at(-1)!;
  }
}

export function countSubjects(db: Db): number {
  return db.prepare<[], number>('SELECT count(*) FROM events WHERE revision = 0').pluck().get()!;
}

/**
 * Folds every subject anew, beside the states that are there, and then puts the new in their place at once. Reads see the old ones until
 * then; a rebuild that is cut off leaves them as they are. The caller holds the folder, and nothing is appended meanwhile.
 */
export function rebuild(db: Db, progress: Progress = () => {}): { subjects: number } {
  db.exec(`DROP TABLE IF EXISTS states_anew; ${STATES_TABLE.replace('states', 'states_anew')}`);
  const total = countSubjects(db);
  const insert = db.prepare('INSERT INTO states_anew VALUES (@stream, @since, @changed, @folded)');
  const insertAll = db.transaction((rows: StateRow[]) => rows.forEach((row) => insert.run(row)));
  let subjects = 0;
  for (const rows of refolded(db)) {
    insertAll(rows);
    subjects += rows.length;
    progress(subjects, total);
  }
  db.transaction(() => {
    db.exec('DROP TABLE states; ALTER TABLE states_anew RENAME TO states');
    db.prepare("INSERT INTO meta VALUES ('projection', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value").run(PROJECTION_VERSION);
  })();
  return { subjects };
}
