import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataFolder } from '../../src/audit/data-folder/data-folder.js';
import { verify } from '../../src/audit/verify.js';
import { missing, parsePolicy } from '../../src/proof/policy.js';
import { startApp, type TestApp } from '../support/start-app.js';
import { keepsSilent, WitnessServer } from './witness-server.js';
import { witness } from './keys.js';

/** A service that shows its checkpoints to one witness, whose word its readers ask for. */
describe('a witnessed record', () => {
  let folder: string;
  let policyFile: string;
  let app: TestApp | undefined;
  let seeing: WitnessServer;
  const start = async (data = folder) => (app = await startApp({ folder: data, policy: policyFile }));
  const stop = async () => {
    await app?.close();
    app = undefined;
  };
  const party = (id: string) => app!.post('/v1/parties', { id, name: { en: id }, kind: 'other', occurred: '2017-05-04' });
  const checkpoint = async () => (await app!.get('/log/checkpoint')).text;
  const proof = async (ref: string) => (await app!.get(`/v1/events/${ref}/proof`)).text;
  const policy = () => parsePolicy(policyText);
  let policyText: Buffer;
  const verified = async (data = folder) => {
    const { logs, witnesses } = policy();
    const source = openDataFolder(data);
    const report = await verify(source, {
      keys: logs.map(({ key }) => key),
      witnesses: witnesses.map(({ key }) => key),
      quorum: (found) => missing(policy(), found),
    });
    await source.close();
    return report;
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zonewatch-witnessed-'));
    // The log has a key only when it has been started.
    const first = await startApp({ folder });
    const [vkey] = (await first.get('/log/vkey')).text.split('\n');
    await first.close();
    const [, origin, typed] = /^([^+]+)\+[0-9a-f]{8}\+(.+)$/.exec(vkey!)!;
    seeing = await WitnessServer.start(
      [{ origin: origin!, publicKey: Buffer.from(typed!, 'base64').subarray(1) }],
      [witness('seeing.example', Buffer.alloc(32, 7))],
    );
    policyText = Buffer.from(`log ${vkey}\nwitness seeing ${seeing.keys[0]!.vkey} ${seeing.url}\nquorum seeing\n`);
    policyFile = join(folder, 'policy');
    writeFileSync(policyFile, policyText);
  });
  afterEach(async () => {
    await stop();
    await seeing.close();
    rmSync(folder, { recursive: true });
  });

  test('is published with the word of its witness, in its checkpoint and in every proof', async () => {
    await start();
    await party('a');
    expect(await proof('party-a@0')).toContain('\n— seeing.example ');
    expect(await checkpoint()).toContain('\n— seeing.example ');
    await stop();
    expect(await verified()).toMatchObject({ count: 0, cosignedBy: [{ name: 'seeing.example', time: expect.any(Number) }] });
  });

  test('is published without it where the witness is silent, and does not suffice for who asks for it', async () => {
    seeing.fault = keepsSilent;
    await start();
    await party('a');
    expect(await proof('party-a@0')).not.toContain('seeing.example');
    await stop();
    expect((await verified()).findings).toEqual([{ code: 'quorum', message: expect.any(String) }]);
  });

  test('has its newest checkpoint witnessed at the next start', async () => {
    seeing.fault = keepsSilent;
    await start();
    await party('a');
    await stop();
    seeing.fault = undefined;
    await start();
    while (!(await checkpoint()).includes('seeing.example')) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  test('cannot be rolled back to an older state as a whole: the witness does not sign what it makes of it', async () => {
    await start();
    await party('a');
    await proof('party-a@0');
    await stop();
    const older = mkdtempSync(join(tmpdir(), 'zonewatch-witnessed-'));
    cpSync(folder, older, { recursive: true });
    await start();
    await party('what-will-be-denied');
    await proof('party-what-will-be-denied@0');
    await stop();
    await start(older);
    await party('another');
    expect(await proof('party-another@0')).not.toContain('seeing.example');
    await stop();
    expect((await verified(older)).findings).toEqual([{ code: 'quorum', message: expect.any(String) }]);
    expect(await verified()).toMatchObject({ count: 0 });
    rmSync(older, { recursive: true });
  });
});
