import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { lockFolder } from '../record/lock.js';
import { rebuild } from '../record/rebuild.js';
import { openForWriting } from '../record/schema.js';
import { ProgressLine } from './progress-line.js';

/** `zonewatch rebuild [folder]`: the service must be stopped; its states are folded beside the old ones and then take their place. */
export function rebuildStates(folder: string): void {
  const path = join(folder, 'record.db');
  if (!existsSync(path)) throw new Error(`there is no record in ${folder}. Name the data folder, or set ZONEWATCH_DATA.`);
  const unlock = lockFolder(folder);
  try {
    const db = openForWriting(path);
    const line = new ProgressLine('subjects');
    const { subjects } = rebuild(db, (done, of) => line.show(done, of));
    line.end();
    console.log(`folded ${subjects} subjects anew`);
    db.close();
  } finally {
    unlock();
  }
}
