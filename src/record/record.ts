import { join } from 'node:path';
import type { EventLog } from '../log/event-log.js';
import { SqliteLog } from '../log/sqlite-log.js';
import { TILE_WIDTH } from '../proof/tile-path.js';
import { lockFolder } from './lock.js';
import { RecordReader } from './record-reader.js';
import { RecordWriter } from './record-writer.js';
import { rebuild, statesAreCurrent, type Progress } from './rebuild.js';
import { reread, type Spoilt } from './reread.js';
import { openForReading, openForWriting } from './schema.js';
import { Tail } from './tail.js';
import { UnfinishedRecord } from './unfinished.js';

/** A data folder, opened for this process alone. */
export interface OpenRecord {
  log: EventLog;
  tail: Tail;
  reader: RecordReader;
  writer: RecordWriter;
  /** That its events came from elsewhere, so that no checkpoint can cover them yet. Taken back with the first one. */
  unsigned: { get(): boolean; clear(): void };
  /** Reads the events once more that are under full tiles, and tells which are not what they hash to: at once, or later where there are many. */
  reread(): Spoilt | undefined | Promise<Spoilt | undefined>;
  close(): Promise<void>;
}

/** Opens the record in a folder, making both where there is none. Throws `FolderInUse` or `UnfitFile`, which say what to do. */
export function openRecord(folder: string, { onProgress }: { onProgress?: Progress } = {}): OpenRecord {
  const opened: { close(): void }[] = [{ close: lockFolder(folder) }];
  const closeAll = () => {
    for (const each of opened.reverse()) each.close();
  };
  try {
    const path = join(folder, 'record.db');
    new UnfinishedRecord(folder).remove();
    const writing = openForWriting(path);
    opened.push(writing);
    if (!statesAreCurrent(writing)) rebuild(writing, onProgress);
    const reading = openForReading(path);
    opened.push(reading);
    const writer = new RecordWriter(writing);
    const log = new SqliteLog(writer, reading);
    const rereading: { end(): Promise<void> }[] = [];
    const close = async () => {
      await log.close();
      for (const each of rereading) await each.end();
      writer.disk.close();
      closeAll();
    };
    const unsigned = {
      get: () => writing.prepare("SELECT 1 FROM meta WHERE key = 'unsigned'").get() !== undefined,
      clear: () => void writing.prepare("DELETE FROM meta WHERE key = 'unsigned'").run(),
    };
    const rereadAll = () => {
      const begun = reread(reading, Math.floor(writer.tree.size / TILE_WIDTH));
      rereading.push(begun);
      return begun.found;
    };
    return { log, tail: new Tail(writer), reader: new RecordReader(reading, writer), writer, unsigned, reread: rereadAll, close };
  } catch (error) {
    closeAll();
    throw error;
  }
}
