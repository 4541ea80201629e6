import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordedEvent } from '../event/event.js';
import { isFact } from '../folding/fact.js';
import { Copy } from './copy.js';
import { foldsElsewhere } from '../record/history-reader.js';
import { RecordWriter } from '../record/record-writer.js';
import { openForWriting, type Db } from '../record/schema.js';

/** A record in a folder of its own among the system's temporary files, gone when it is closed. */
export class Scratch {
  readonly writer: RecordWriter;
  readonly copy: Copy;
  private readonly folder = mkdtempSync(join(tmpdir(), `zonewatch-replay-${process.pid}-`));
  private readonly db: Db;
  /** A reader that has seen enough (`| head`) ends the process where it stands. */
  private readonly onExit = () => this.close();

  constructor() {
    process.once('exit', this.onExit);
    try {
      this.db = openForWriting(join(this.folder, 'record.db'));
      this.db.pragma('synchronous = OFF');
      this.writer = new RecordWriter(this.db);
      this.copy = new Copy(this.writer);
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** The subjects whose states an event may change, its own first. To be asked before it is written. */
  changedBy(event: RecordedEvent): string[] {
    const { histories } = this.writer;
    if (isFact(event)) return [...new Set([event.stream, foldsElsewhere(event) ?? event.stream])];
    const fact = histories.factOf(event);
    const corrections = [...histories.amendments(fact.id), event].filter(({ corrects }) => corrects !== undefined);
    return [...new Set([event.stream, ...histories.elsewhere(fact, corrections)])];
  }

  /** Every subject, by stream. */
  streams(): string[] {
    return this.db.prepare<[], string>('SELECT stream FROM events WHERE revision = 0 ORDER BY stream').pluck().all();
  }

  close(): void {
    this.db.close();
    this.remove();
  }

  private remove(): void {
    process.off('exit', this.onExit);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
