import { startApp, type TestApp } from '../support/start-app.js';
import { describeWhere, SmallDisk, whyNoSmallDisk } from './small-disk.js';

interface Made {
  id: string;
  key: string;
}

describeWhere(whyNoSmallDisk(), 'keys on a disk that is full', () => {
  let disk: SmallDisk;
  let app: TestApp;
  const start = async () => (app = await startApp({ folder: disk.data, env: { ZONEWATCH_PUBLIC_READ: '' } }));
  beforeEach(async () => {
    disk = new SmallDisk(8 * 1024 * 1024);
    await start();
  });
  afterEach(async () => {
    await app.close();
    disk.remove();
  });

  const make = (name: string) => app.post('/v1/keys', { name, roles: ['subscriber'] });
  const revoke = (id: string) => app.call('DELETE', `/v1/keys/${id}`);
  const reads = async ({ key }: Made) => {
    const response = await fetch(`${app.address}/v1/zones`, { headers: { authorization: `Bearer ${key}` } });
    return response.status === 200 ? 200 : ((await response.json()) as { code: string }).code;
  };
  /** Until the write-ahead log has no room left either. */
  const untilFull = async () => {
    for (let at = 0; ; at++) {
      const answer = await make(`filler-${at}`);
      if (answer.status !== 201) return answer;
    }
  };

  test('are refused with the reason; one that is revoked then is shut out at once, and for good when it could be written', async () => {
    const desk = (await make('desk')).json.data as Made;
    const other = (await make('other')).json.data as Made;
    disk.fill();
    expect(await untilFull()).toMatchObject({ status: 503, json: { code: 'log-unavailable', reason: 'disk-full' } });
    expect(await revoke(desk.id)).toMatchObject({ status: 503, json: { code: 'log-unavailable', reason: 'disk-full' } });
    expect([await reads(desk), await reads(other)]).toEqual(['revoked', 200]);
    disk.free();
    expect((await revoke(desk.id)).status).toBe(200);
    await app.close();
    await start();
    expect([await reads(desk), await reads(other)]).toEqual(['revoked', 200]);
  });
});
