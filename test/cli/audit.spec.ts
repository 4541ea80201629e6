import Database from 'better-sqlite3';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findingLine } from '../../src/cli/audit.js';
import { Signer, parseVkey } from '../../src/proof/note-keys.js';
import { verifyTlogProof } from '../../src/proof/tlog-proof.js';
import { serveFolder } from '../audit/static-server.js';
import { privateKey, witness } from '../proof/keys.js';
import { sample } from '../support/sample.js';
import { KEY, startApp } from '../support/start-app.js';
import { zonewatch } from './in-process.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** An auditor's machine: nothing is set, nothing of the service is there, and where the system can do it there is no network either. */
const HAS_NO_NETWORK = spawnSync('unshare', ['-rn', 'true']).status === 0;
const command = (args: string[]) =>
  HAS_NO_NETWORK ? (['unshare', ['-rn', process.execPath, CLI, ...args]] as const) : ([process.execPath, [CLI, ...args]] as const);
const env = { PATH: process.env['PATH'], HOME: '/nowhere' };

let place: string;
let folder: string;
let kept: { checkpoint: Buffer; vkey: string; events: { id: string; bytes: string; proof: string }[] };
const at = (name: string) => join(place, name);

/** Runs a command of the auditor's on such a machine, and gives its exit code and what it printed. */
function offline(...args: string[]) {
  const [file, all] = command(args);
  const { status, stdout, stderr } = spawnSync(file, all, { env, cwd: place, encoding: 'utf8', timeout: 60_000 });
  return { status, stdout, stderr };
}

async function reported(...args: string[]) {
  const { status, stdout, stderr } = await zonewatch(...args, '--json');
  return { status, stderr, ...(JSON.parse(stdout || '{}') as Record<string, unknown>) };
}

const home = process.cwd();
beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'zonewatch-audit-'));
  process.chdir(place);
  folder = at('data');
  const app = await startApp({ folder });
  await app.feed(sample().slice(0, 100));
  await app.get('/v1/events/zone-idlib@0/proof');
  const checkpoint = Buffer.from((await app.get('/log/checkpoint')).text);
  const events = [];
  for (const { id } of (await app.get('/v1/events?limit=5')).json.data as { id: string }[]) {
    const bytes = /"data":\{"event":(.*),"amendments":/.exec((await app.get(`/v1/events/${id}`)).text)![1]!;
    events.push({ id, bytes, proof: (await app.get(`/v1/events/${id}/proof`)).text });
  }
  kept = { checkpoint, vkey: (await app.get('/log/vkey')).text.trim(), events };
  await app.feed(sample().slice(100));
  await app.close();
  writeFileSync(at('kept'), checkpoint);
  expect(await zonewatch('export', at('export'), '--from', folder)).toMatchObject({ status: 0 });
});
afterAll(() => {
  process.chdir(home);
  rmSync(place, { recursive: true });
});

describe('an export', () => {
  test('verifies on a machine that never had the service', () => {
    const elsewhere = at('elsewhere');
    cpSync(at('export'), elsewhere, { recursive: true });
    renameSync(folder, at('gone'));
    try {
      const { status, stdout, stderr } = offline('verify', elsewhere, '--vkey', kept.vkey, '--checkpoint', at('kept'), '--json');
      const report = { status, stderr, ...(JSON.parse(stdout || '{}') as object) };
      expect(report).toMatchObject({ status: 0, holds: true, count: 0, keysTrusted: true, stderr: '' });
      expect(report).toMatchObject({ size: JSON.parse(readFileSync(join(elsewhere, 'manifest.json'), 'utf8')).size });
    } finally {
      renameSync(at('gone'), folder);
    }
  });

  test('that was changed is found out, by the event that was changed', async () => {
    const changed = at('changed');
    cpSync(at('export'), changed, { recursive: true });
    const bundle = join(changed, 'tile/entries', readdirSync(join(changed, 'tile/entries'))[0]!);
    const file = existsSync(join(bundle)) && !bundle.endsWith('.p') ? bundle : join(bundle, readdirSync(bundle)[0]!);
    const bytes = readFileSync(file);
    const where = bytes.indexOf('2017-05-04', 20_000);
    bytes.write('2017-05-05', where);
    writeFileSync(file, bytes);
    const { status, findings } = (await reported('verify', changed)) as unknown as {
      status: number;
      findings: { sequence: number; id: string }[];
    };
    const lines = readFileSync(join(changed, 'events.ndjson'), 'utf8').split('\n');
    const { sequence, id } = findings[0]!;
    expect([status, JSON.parse(lines[sequence - 1]!).id]).toEqual([1, id]);
    const { stdout } = await zonewatch('verify', changed);
    expect(stdout).toContain(`event ${sequence} (${id})`);
  });

  test('is imported byte for byte, into a record whose service starts and proves it anew', async () => {
    const data = at('imported');
    expect(await zonewatch('import', at('export'), '--data', data)).toMatchObject({ status: 0, stderr: '' });
    const app = await startApp({ folder: data });
    const [first] = kept.events;
    const proof = (await app.get(`/v1/events/${first!.id}/proof`)).text;
    const key = parseVkey((await app.get('/log/vkey')).text.trim());
    await app.close();
    expect(verifyTlogProof(Buffer.from(proof), first!.bytes, { origin: key.name, keys: [key], witnesses: [] }).index).toBe(0);
    expect(await reported('verify', data)).toMatchObject({ status: 0, holds: true });
    expect(await reported('diff', at('export'), data)).toMatchObject({ status: 0, result: 'same' });
    expect(await zonewatch('import', at('export'), '--data', data)).toMatchObject({ status: 2, stdout: '' });
  });

  test('is stepped through up to any place, though its bundles end elsewhere', async () => {
    expect((await zonewatch('replay', at('export'), '--to', '46')).stdout).toMatch(/\n {5}46 {2}(?!.*\n {5}47 {2})/s);
    const { status, stdout } = await zonewatch('replay', at('export'), '--at-sequence', '46', '--subject', 'zone-idlib', '--json');
    expect([status, JSON.parse(stdout).stream]).toEqual([0, 'zone-idlib']);
  });

  test('goes on from a checkpoint that was kept, and from an older export', async () => {
    expect(await reported('diff', at('kept'), at('export'))).toMatchObject({ status: 0, result: 'continues', longer: { side: 'b' } });
  });

  test('that is interrupted leaves nothing behind, and ends as the shell expects it', async () => {
    // The bundles never come.
    const server = await serveFolder(at('export'), { instead: (path) => path.startsWith('tile/entries/') });
    const child = spawn(process.execPath, [CLI, 'export', at('interrupted'), '--from', server.url], { env, stdio: 'ignore' });
    while (!server.asked.some(({ path }) => path.startsWith('tile/entries/'))) await new Promise((resolve) => setTimeout(resolve, 10));
    const ended = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(readdirSync(place).filter((name) => name.includes('interrupted'))).toEqual([]);
    await server.close();
  });
});

describe('whom the auditor trusts', () => {
  const seer = witness('witness.example', Buffer.alloc(32, 9));
  const policy = () => {
    writeFileSync(at('policy'), `log ${kept.vkey}\nwitness seer ${seer.vkey}\nquorum seer\n`);
    return at('policy');
  };
  const another = () => new Signer('zonewatch/another', privateKey(Buffer.alloc(32, 5))).verifier.vkey;

  test.each([
    ['verify', ['verify', 'export']],
    ['export', ['export', 'untrusted', '--from', 'export']],
    ['import', ['import', 'export', '--data', 'untrusted']],
    ['diff', ['diff', 'kept', 'export']],
    ['replay', ['replay', 'export']],
  ])('counts for %s, which leaves nothing and ends with 1 without them', async (_, args) => {
    const byPolicy = await zonewatch(...args, '--policy', policy());
    expect(byPolicy).toMatchObject({ status: 1, stderr: '' });
    expect(byPolicy.stdout).toContain('the witness seer has not cosigned [quorum]');
    const byKey = await zonewatch(...args, '--vkey', another());
    expect(byKey).toMatchObject({ status: 1, stderr: '' });
    expect(byKey.stdout).toContain('no key of that log is known here [checkpoint-invalid]');
    expect(readdirSync(place).filter((name) => name.includes('untrusted'))).toEqual([]);
    expect(await zonewatch(...args, '--vkey', seer.vkey)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('--vkey'),
    });
  });

  test('is told to be nobody where no key is given', async () => {
    const told = 'with a key that only the record itself vouches for (--vkey)';
    for (const key of [[], ['--vkey', kept.vkey]]) {
      const name = `on-trust-${key.length}`;
      const commands = [
        ['verify', 'export'],
        ['export', name, '--from', 'export'],
        ['import', 'export', '--data', at(`${name}-data`)],
        ['diff', 'kept', 'export'],
      ];
      for (const args of commands) {
        const { status, stdout } = await zonewatch(...args, ...key);
        expect([args, status, stdout.includes(told)]).toEqual([args, 0, key.length === 0]);
      }
    }
  });

  test('has witnesses whose times can be told, or else its checkpoint does not hold', async () => {
    const cosigned = at('cosigned');
    cpSync(at('export'), cosigned, { recursive: true });
    const note = readFileSync(join(cosigned, 'checkpoint'), 'utf8');
    const line = (time: number) => seer.line(note.slice(0, note.lastIndexOf('\n\n') + 1), time);
    writeFileSync(join(cosigned, 'checkpoint'), note + line(1_700_000_000));
    expect((await zonewatch('verify', cosigned, '--policy', policy())).stdout).toContain(
      'seen by witness.example at 2023-11-14T22:13:20.000Z',
    );
    writeFileSync(join(cosigned, 'checkpoint'), note + line(Number.MAX_SAFE_INTEGER));
    const { status, stdout, stderr } = await zonewatch('verify', cosigned, '--policy', policy());
    expect([status, stderr]).toEqual([1, '']);
    expect(stdout).toContain('[checkpoint-invalid]');
  });
});

describe('a checkpoint that was kept', () => {
  test('and then forged accuses nobody', async () => {
    const [origin, size, root, ...signed] = kept.checkpoint.toString().split('\n');
    const changed = `${root!.startsWith('A') ? 'B' : 'A'}${root!.slice(1)}`;
    writeFileSync(at('forged'), [origin, size, changed, ...signed].join('\n'));
    const { status, stdout } = await zonewatch('diff', at('forged'), at('export'));
    expect(status).toBe(1);
    expect(stdout).toContain('Nothing follows');
    expect(stdout).toMatch(/^ {2}a: .*\[checkpoint-invalid\]$/m);
    expect(stdout).not.toContain('contradict');
  });

  test('may come through a pipe', () => {
    const script = '"$0" "$1" verify export --checkpoint <(cat kept)';
    const { status, stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, CLI], { env, cwd: place, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('It goes on from /dev/fd/');
  });
});

describe('what is printed', () => {
  test('names an event once, and hides nothing of what a stranger wrote', async () => {
    const line = findingLine({ code: 'event-malformed', message: 'is \x1b[2Jgone', sequence: 7, id: 'a\u202eb' });
    expect(line).toBe('event 7 (a\\u{202e}b): is \\u{1b}[2Jgone [event-malformed]');
    const { status, stderr } = await zonewatch('verify', 'no\x1b[2Jwhere');
    expect([status, stderr]).toEqual([2, expect.stringContaining('no\\u{1b}[2Jwhere')]);
  });
});

describe('a proof', () => {
  test('that was kept still leads to its checkpoint, whatever was recorded since', () => {
    const key = parseVkey(kept.vkey);
    for (const { bytes, proof } of kept.events)
      expect(() => verifyTlogProof(Buffer.from(proof), bytes, { origin: key.name, keys: [key], witnesses: [] })).not.toThrow();
  });
});

describe('a running service', () => {
  test('is verified with the states that it shows, and one that shows others is found out', async () => {
    const data = at('served');
    cpSync(folder, data, { recursive: true });
    const app = await startApp({ folder: data });
    const verify = async () => {
      const { status, stdout } = await zonewatch('verify', app.address, '--json', '--token', KEY);
      const report = JSON.parse(stdout) as { holds: boolean; findings: { code: string; id: string; message: string }[] };
      return { status, report };
    };
    expect(await verify()).toMatchObject({ status: 0, report: { holds: true } });
    const db = new Database(join(data, 'record.db'));
    db.exec(`UPDATE states SET folded = replace(folded, 'Ghouta', 'Gota') WHERE stream = 'zone-eastern-ghouta'`);
    db.close();
    const { status, report } = await verify();
    expect([status, report.findings.map((finding) => finding.code)]).toEqual([1, ['state-changed']]);
    expect(report.findings[0]!.message).toContain('zone-eastern-ghouta');
    expect(report.findings[0]!.id).toMatch(/^[0-9a-f-]{36}$/);
    await app.close();
  });
});

describe('what makes no sense ends with 2 and says why', () => {
  test.each([
    [['verify', 'nowhere'], 'nowhere'],
    [['verify', '--vkey', 'no-key', 'export'], '--vkey'],
    [['verify', '--policy', 'no-policy', 'export'], '--policy'],
    [['verify', '--policy', '/dev/zero', 'export'], '--policy: a policy has at most 65536 bytes'],
    [['verify', '--checkpoint', 'nothing', 'export'], 'nothing'],
    [['verify', '--checkpoint', 'export/manifest.json', 'export'], 'no checkpoint'],
    [['verify', '--wrong', 'export'], '--wrong'],
    [['export'], 'new folder'],
    [['export', 'export', '--from', 'data'], 'export'],
    [['import', 'export', '--data', 'data'], 'data'],
    [['diff', 'export'], 'b'],
    [['replay', 'export', '--speed', 'fast'], '--speed'],
    [['verify', 'http://127.0.0.1:1'], '127.0.0.1:1'],
  ])('%j', async (args, told) => {
    const { status, stdout, stderr } = await zonewatch(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(told);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

test('a record whose end was cut off is found out, by the first event that is missing', async () => {
  const cut = at('cut');
  cpSync(folder, cut, { recursive: true });
  const db = new Database(join(cut, 'record.db'));
  db.exec('DROP TRIGGER events_are_not_deleted');
  const last = db.prepare<[], number>('SELECT max(sequence) FROM events').pluck().get()!;
  db.prepare('DELETE FROM events WHERE sequence > ?').run(last - 3);
  db.close();
  expect(await reported('verify', cut)).toMatchObject({
    status: 1,
    findings: [{ code: 'event-missing', sequence: last - 2 }, { code: 'tile-changed' }],
  });
  truncateSync(join(cut, 'record.db'), 100_000);
  expect(await reported('verify', cut)).toMatchObject({ status: 1, holds: false });
});
