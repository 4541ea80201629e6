import { join } from 'node:path';
import { MemoryLog } from '../../src/log/memory-log.js';
import { RecordWriter } from '../../src/record/record-writer.js';
import { openForWriting } from '../../src/record/schema.js';
import { describeLog } from './contract.js';
import { made, many } from './made.js';
import { all, first } from './reading.js';
import { watchCommits } from './writing.js';

// With the record as its read side, so that groups fail and events are too large for it as they are for the others.
describeLog('memory', (folder) => {
  const db = openForWriting(join(folder, 'record.db'));
  const writer = new RecordWriter(db);
  const log = new MemoryLog(writer);
  const close = async () => {
    await log.close();
    db.close();
  };
  return { log, close, ...watchCommits(writer) };
});

describe('the memory log', () => {
  test('needs no read side', async () => {
    const log = new MemoryLog();
    const events = many('zone-idlib', 3);
    expect(await log.append('zone-idlib', 'none', events)).toEqual({ revision: 2 });
    expect(await log.append('zone-south', 'none', [made('zone-south')])).toEqual({ revision: 0 });
    expect((await all(log.readStream('zone-idlib'))).map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    expect(await first(log.follow(), 4)).toHaveLength(4);
    await log.close();
  });
});
