import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { RecordReader } from '../record/record-reader.js';
import { RecordWriter } from '../record/record-writer.js';
import { Traces } from '../traces/traces.js';
import { Rooms } from './broadcast.js';
import { FeedRefusal } from './codes.js';
import type { Served } from './follower.js';
import { Groups } from './groups.js';
import { FeedLimits } from './limits.js';
import { Pages } from './pages.js';
import { Traffic, type Transport } from './traffic.js';

/** What sockets and streams are served from, once for both. */
@Injectable()
export class Feed implements BeforeApplicationShutdown {
  readonly served: Served;
  readonly traffic = new Traffic();
  private readonly ticking: NodeJS.Timeout;
  /** How many readers there are from each address. */
  private readonly readers = new Map<string, number>();
  private connections = 0;

  constructor(
    @Inject(RecordReader) record: RecordReader,
    @Inject(RecordWriter) writer: RecordWriter,
    @Inject(FeedLimits) readonly limits: FeedLimits,
    @Inject(Traces) traces: Traces,
  ) {
    const groups = new Groups(new Rooms(this.traffic));
    this.served = { record, pages: new Pages(record), groups, limits, traffic: this.traffic };
    writer.onCommit((events, took) => {
      const span = traces.group(took);
      const began = performance.now();
      groups.send(events);
      this.traffic.fanOut += performance.now() - began;
      span?.set({ 'zonewatch.events': events.length, 'zonewatch.sequence': events.at(-1)!.sequence });
      span?.end();
    });
    this.ticking = setInterval(() => groups.tellProgress(record.head), limits.progressEvery).unref();
  }

  /** Counts a reader in, or refuses it where there are as many as may be. Returns what counts it out. */
  enter(address: string, transport: Transport): () => void {
    const { connections, connectionsPerAddress } = this.limits;
    const own = this.readers.get(address) ?? 0;
    if (this.connections >= connections)
      throw new FeedRefusal('too-many-connections', `${connections} readers are connected, which is as many as are let in`);
    if (own >= connectionsPerAddress)
      throw new FeedRefusal(
        'too-many-connections',
        `${connectionsPerAddress} readers are connected from this address, which is as many as are let in`,
      );
    this.connections += 1;
    this.traffic.connections[transport] += 1;
    this.readers.set(address, own + 1);
    let isIn = true;
    return () => {
      if (isIn) this.leave(address, transport);
      isIn = false;
    };
  }

  private leave(address: string, transport: Transport): void {
    this.connections -= 1;
    this.traffic.connections[transport] -= 1;
    const own = this.readers.get(address)! - 1;
    if (own > 0) this.readers.set(address, own);
    else this.readers.delete(address);
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.ticking);
  }
}
