import { join } from 'node:path';
import type { EventLog } from '../log/event-log.js';
import { SqliteLog } from '../log/sqlite-log.js';
import { lockFolder } from './lock.js';
import { RecordReader } from './record-reader.js';
import { RecordWriter } from './record-writer.js';
import { rebuild, statesAreCurrent, type Progress } from './rebuild.js';
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
    const close = async () => {
      await log.close();
      writer.disk.close();
      closeAll();
    };
    const unsigned = {
      get: () => writing.prepare("SELECT 1 FROM meta WHERE key = 'unsigned'").get() !== undefined,
      clear: () => void writing.prepare("DELETE FROM meta WHERE key = 'unsigned'").run(),
    };
    return { log, tail: new Tail(writer), reader: new RecordReader(reading, writer), writer, unsigned, close };
  } catch (error) {
    closeAll();
    throw error;
  }
}
