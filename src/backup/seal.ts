import Database from 'better-sqlite3';
import { readable } from '../audit/data-folder/readable.js';
import { strangersIn } from '../audit/data-folder/schema-check.js';
import { epochOf } from '../audit/export-layout.js';
import { FindingError } from '../audit/finding.js';
import { formatCheckpoint, type SignedCheckpoint } from '../proof/checkpoint.js';
import type { Signer } from '../proof/note-keys.js';
import { formatNote } from '../proof/note.js';
import { root } from '../proof/tree.js';
import { BACKUP_ID, UnfitFile, type Db } from '../record/schema.js';
import { RecordTree } from '../record/tree.js';
import { BACKUP_TABLE, type Kept } from './backup-file.js';

/** What SQLite notes where somebody has it look at the tables, and what a rebuild that was cut off leaves. No record needs it. */
const LEFT_OUT = ['sqlite_stat1', 'sqlite_stat4', 'states_anew'];

/** What a log has published, and who signs for it. */
export interface Published {
  note: Buffer;
  checkpoint: SignedCheckpoint;
  signers: readonly Signer[];
}

/** Makes a copy of record.db a backup: one file, with what vouches for it. It is not durable yet. */
export function seal(path: string, published: Published): void {
  const db = new Database(path);
  try {
    readable(undefined, () => {
      // It counts only once it is whole, and is made durable then.
      db.pragma('synchronous = OFF');
      // A file that needs no others beside it.
      db.pragma('journal_mode = DELETE');
      for (const table of LEFT_OUT) db.exec(`DROP TABLE IF EXISTS ${table}`);
      const [stranger] = strangersIn(db);
      if (stranger !== undefined) throw strange(stranger);
      const kept: Kept = {
        checkpoint: covering(db, published),
        published: published.note.toString(),
        vkeys: published.signers.map(({ verifier }) => verifier.vkey).join('\n'),
        made: new Date().toISOString(),
      };
      db.transaction(() => {
        db.exec(BACKUP_TABLE);
        for (const pair of Object.entries(kept)) db.prepare('INSERT INTO backup VALUES (?, ?)').run(...pair);
        db.pragma(`application_id = ${BACKUP_ID}`);
      })();
    });
  } finally {
    db.close();
  }
}

/**
 * A checkpoint over all that the copy has: without one, whoever keeps the backup could put what they like behind the events that an older one
 * covers. Only what goes on from what was published is signed; of anything else the verification says what it is.
 */
function covering(db: Db, { note, checkpoint, signers }: Published): string {
  const { origin, size } = checkpoint;
  try {
    const tree = new RecordTree(db);
    const hashes = tree.hashes();
    const goesOn = epochIn(db) === epochOf(origin) && tree.size > size && root(hashes, size).equals(checkpoint.root);
    if (!goesOn) return note.toString();
    const text = formatCheckpoint({ origin, size: tree.size, root: root(hashes, tree.size) });
    return formatNote(
      text,
      signers.map((signer) => signer.sign(text)),
    );
  } catch (error) {
    if (error instanceof UnfitFile) return note.toString();
    throw error;
  }
}

function epochIn(db: Db): string | undefined {
  return db.prepare<[], string>("SELECT value FROM meta WHERE key = 'epoch'").pluck().get();
}

function strange(what: string): FindingError {
  const message = `the record has something that is none of it: ${what}. What somebody has added can't be backed up; drop it`;
  return new FindingError({ code: 'schema-changed', message });
}
