import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { follow, type Closed } from '../../src/client/index.js';
import { readConfig } from '../../src/config.js';
import { startService } from '../../src/service.js';
import { KEY } from '../support/start-app.js';

test('a follower has every event once over restarts of the service, and is told that it comes back', async () => {
  const config = { ...readConfig({}), port: 0, data: mkdtempSync(join(tmpdir(), 'zonewatch-client-')), adminKey: KEY };
  let service = await startService(config);
  const url = service.address;
  config.port = Number(new URL(url).port);
  const post = async (id: string) => {
    // A connection that is kept would be one to the service that is gone.
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', connection: 'close' };
    const body = JSON.stringify({ id, name: { en: id }, kind: 'other', occurred: '2017' });
    expect((await fetch(`${url}/v1/parties`, { method: 'POST', headers, body })).status).toBe(201);
  };
  const closed: Closed[] = [];
  const taken: number[] = [];
  try {
    await post('before');
    for await (const { sequence } of follow({ url, token: KEY, onClosed: (told) => closed.push(told) })) {
      taken.push(sequence);
      if (sequence === 3) break;
      if (sequence !== 1) continue;
      await service.close();
      service = await startService(config);
      await post('after-1');
      await post('after-2');
    }
  } finally {
    await service.close();
    rmSync(config.data, { recursive: true });
  }
  expect(taken).toEqual([1, 2, 3]);
  expect(closed[0]).toEqual({ code: 'shutting-down', message: expect.any(String), retry: true, retryAfter: expect.any(Number) });
});
