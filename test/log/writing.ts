import type { RecordWriter } from '../../src/record/record-writer.js';

/**
 * Counts the commits of a writer, and makes one fail where SQLite itself fails one: a row that breaks a deferred constraint is only found
 * out by COMMIT, when all else has been written.
 */
export function watchCommits(writer: RecordWriter): { commits(): number; failNextCommit(): void } {
  const commit = writer.commit.bind(writer);
  let commits = 0;
  let failing = false;
  writer.db.exec(`CREATE TEMP TABLE parents (id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE children (parent INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)`);
  writer.commit = () => {
    if (failing) {
      failing = false;
      writer.db.exec('INSERT INTO children VALUES (1)');
    }
    commit();
    commits++;
  };
  return { commits: () => commits, failNextCommit: () => void (failing = true) };
}
