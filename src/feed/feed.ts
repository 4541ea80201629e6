import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { RecordReader } from '../record/record-reader.js';
import { RecordWriter } from '../record/record-writer.js';
import { Rooms } from './broadcast.js';
import { FeedRefusal } from './codes.js';
import type { Served } from './follower.js';
import { Groups } from './groups.js';
import { FeedLimits } from './limits.js';
import { Pages } from './pages.js';

/** What sockets and streams are served from, once for both. */
@Injectable()
export class Feed implements BeforeApplicationShutdown {
  readonly served: Served;
  private readonly ticking: NodeJS.Timeout;
  private connections = 0;

  constructor(
    @Inject(RecordReader) record: RecordReader,
    @Inject(RecordWriter) writer: RecordWriter,
    @Inject(FeedLimits) readonly limits: FeedLimits,
  ) {
    const groups = new Groups(new Rooms());
    this.served = { record, pages: new Pages(record), groups, limits };
    writer.onCommit((events) => groups.send(events));
    this.ticking = setInterval(() => groups.tellProgress(record.head), limits.progressEvery).unref();
  }

  /** Refuses one more reader where there are as many as may be. */
  checkRoom(): void {
    if (this.connections >= this.limits.connections)
      throw new FeedRefusal('too-many-connections', `${this.limits.connections} readers are connected, which is as many as are let in`);
  }

  /** Counts a reader in. Returns what counts it out. */
  enter(): () => void {
    this.connections += 1;
    let isIn = true;
    return () => {
      if (isIn) this.connections -= 1;
      isIn = false;
    };
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.ticking);
  }
}
