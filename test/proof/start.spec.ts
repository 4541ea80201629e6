import Database from 'better-sqlite3';
import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../../src/config.js';
import { createLogger } from '../../src/logger.js';
import { openCheckpoint, parseCheckpoint, type Checkpoint } from '../../src/proof/checkpoint.js';
import { parseVkey } from '../../src/proof/note-keys.js';
import { publish } from '../../src/proof/publish.js';
import { openRecord } from '../../src/record/record.js';
import { startService, type Service } from '../../src/service.js';
import { StartRefused } from '../../src/start-refused.js';
import { Reporters } from '../support/reporters.js';
import { KEY } from '../support/start-process.js';
import { leafOf, mth } from './definition.js';
import { growTo } from './grown.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

let folder: string;
const children: ChildProcess[] = [];
const services: Service[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'zonewatch-start-'))));
afterEach(async () => {
  for (const service of services.splice(0)) await service.close();
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  rmSync(folder, { recursive: true });
});

/** The built service on the folder. */
const start = (settings: Record<string, string> = {}) => {
  const env = { PATH: process.env['PATH'], PORT: '0', ZONEWATCH_DATA: folder, ZONEWATCH_ADMIN_KEY: KEY, ...settings };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const said = { stdout: '', stderr: '' };
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...said }));
  const listening = new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.stdout += text;
      const address = /listening on (\S+)\n/.exec(said.stdout)?.[1];
      if (address) resolve(address);
    });
    void ended.then(() => reject(new Error(said.stderr)));
  });
  listening.catch(() => {});
  return { child, said, listening, ended };
};

/** The service on the folder in this process: one of its own takes a second, and what it makes of a refusal is shown below. */
const startHere = async (settings: Record<string, string> = {}) => {
  const service = await startService(readConfig({ PORT: '0', ZONEWATCH_DATA: folder, ZONEWATCH_ADMIN_KEY: KEY, ...settings }));
  services.push(service);
  return service;
};
const stopHere = () => services.pop()!.close();

/** Why the service does not start on the folder. */
const refusal = async (settings: Record<string, string>) => {
  try {
    await startHere(settings);
    return 'it has started';
  } catch (error) {
    if (error instanceof StartRefused) return error.message;
    throw error;
  }
};

const pathOf = (name: string) => join(folder, name);
const held = (name: string) => (existsSync(pathOf(name)) ? readFileSync(pathOf(name)).toString('latin1') : undefined);
const signed = (): Checkpoint => {
  const note = readFileSync(pathOf('checkpoint'), 'utf8');
  return parseCheckpoint(note.slice(0, note.lastIndexOf('\n\n') + 1));
};
const leaves = () => {
  const db = new Database(pathOf('record.db'), { readonly: true });
  const entries = db.prepare<[], Buffer>('SELECT CAST(bytes AS BLOB) FROM events ORDER BY sequence').pluck().all();
  db.close();
  return entries.map(leafOf);
};

/** Has a record of so many events in the folder, all of them signed. */
const record = async (size: number, into = folder) => {
  const opened = openRecord(into);
  const log = publish(opened, { ...readConfig({}), data: into }, createLogger());
  growTo(opened, size);
  await log.close();
  await opened.close();
};

/** Changes record.db as somebody would who doesn't want it to be noticed. */
const change = (...statements: string[]) => {
  const db = new Database(pathOf('record.db'));
  const guarded = db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck().all();
  const sql = guarded.map((name) => db.prepare<[string], string>('SELECT sql FROM sqlite_schema WHERE name = ?').pluck().get(name)!);
  for (const name of guarded) db.exec(`DROP TRIGGER ${name}`);
  for (const statement of statements) expect(db.prepare(statement).run().changes).toBeGreaterThan(0);
  for (const statement of sql) db.exec(statement);
  db.close();
};
const another = () => generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
const rewrite = (name: string, edit: (text: string) => string) => writeFileSync(pathOf(name), edit(readFileSync(pathOf(name), 'utf8')));

describe('the service does not start, says what to do, and signs nothing', () => {
  type Case = [what: string, spoil: () => unknown, why: RegExp, settings?: Record<string, string>];
  const cases: Case[] = [
    [
      'where an older record.db was put back',
      async () => {
        await record(3);
        copyFileSync(pathOf('record.db'), pathOf('older'));
        await record(6);
        copyFileSync(pathOf('older'), pathOf('record.db'));
      },
      /is not the one that was signed: there are 3 events, and 6 were signed\. Put back .+ or fill .+`zonewatch import`/,
    ],
    [
      'where one of the last events was changed',
      async () => {
        await record(300);
        change(`UPDATE events SET bytes = replace(bytes, 'clash', 'peace') WHERE sequence = 290`);
      },
      /the first 300 events are not those that were signed\. Put back/,
    ],
    [
      'where an event was changed long ago, under tiles that are as they were',
      async () => {
        await record(600);
        change(`UPDATE events SET bytes = replace(bytes, 'clash', 'peace') WHERE sequence = 300`);
      },
      /among the events 257 to 512 are some that are not those that were signed\. Put back/,
    ],
    [
      'where two of the last events changed places',
      async () => {
        await record(5);
        change(
          `UPDATE events SET bytes = (SELECT group_concat(bytes, '') FROM events e WHERE e.sequence = 9 - events.sequence) WHERE sequence IN (4, 5)`,
        );
      },
      /the first 5 events are not those that were signed/,
    ],
    [
      'where a tile was changed',
      async () => {
        await record(300);
        change(`UPDATE tiles SET nodes = CAST(substr(nodes, 1, 16320) || randomblob(32) AS BLOB)`);
      },
      /among the events 1 to 256 are some that are not those that were signed/,
    ],
    [
      'where the last event is gone and the tile over it is not',
      async () => {
        await record(256);
        change('DELETE FROM events WHERE sequence = 256');
      },
      /lost some of its events.+255.+256.+zonewatch verify/,
    ],
    [
      'where the checkpoint is gone and the events are not',
      async () => {
        await record(3);
        rmSync(pathOf('checkpoint'));
      },
      /there are 3 events, and the checkpoint over them is missing\. Put back/,
    ],
    [
      'under another origin',
      () => record(3),
      /checkpoint is none of .+ZONEWATCH_ORIGIN must be what it was/,
      { ZONEWATCH_ORIGIN: 'other' },
    ],
    [
      'where the record is another one',
      async () => {
        await record(3);
        const other = mkdtempSync(join(tmpdir(), 'zonewatch-start-'));
        await record(3, other);
        copyFileSync(join(other, 'record.db'), pathOf('record.db'));
        rmSync(other, { recursive: true });
      },
      /checkpoint is none of .+the checkpoint and the key must belong together/,
    ],
    [
      'where record.db is gone',
      async () => {
        await record(3);
        rmSync(pathOf('record.db'));
      },
      /checkpoint is none of .+must belong together/,
    ],
    [
      'where the signature was changed',
      async () => {
        await record(3);
        rewrite('checkpoint', (note) => note.replace(/.{8}\n$/, (end) => (end.startsWith('A') ? 'B' : 'A') + end.slice(1)));
      },
      /the signature by .+ is not one of this text/,
    ],
    [
      'where the size was changed',
      async () => {
        await record(3);
        rewrite('checkpoint', (note) => note.replace('\n3\n', '\n2\n'));
      },
      /the signature by .+ is not one of this text/,
    ],
    [
      'where the checkpoint is empty',
      async () => {
        await record(3);
        rewrite('checkpoint', () => '');
      },
      /checkpoint is none of/,
    ],
    [
      'where the checkpoint is a folder',
      async () => {
        await record(3);
        rmSync(pathOf('checkpoint'));
        mkdirSync(pathOf('checkpoint'));
      },
      /can't be used: EISDIR.+Check that this user may read and write/,
    ],
    [
      'where the key is another one',
      async () => {
        await record(3);
        rewrite('log.key', another);
      },
      /no key that is trusted here has signed this note.+must belong together/,
    ],
    [
      'where the key is gone',
      async () => {
        await record(3);
        rmSync(pathOf('log.key'));
      },
      /log\.key cannot be used: .+Put back the file that was there/,
    ],
    [
      'where the file of the key is empty',
      async () => {
        await record(3);
        rewrite('log.key', () => '');
      },
      /the signing keys in .+log\.key cannot be used: it holds no key\. Put back/,
    ],
    [
      'where the key is an RSA key',
      async () => {
        await record(3);
        const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 });
        rewrite('log.key', () => privateKey.export({ format: 'pem', type: 'pkcs8' }) as string);
      },
      /cannot be used: it holds a key of type rsa, and only Ed25519 signs here\. Put back/,
    ],
    [
      'where one key is there twice',
      async () => {
        await record(3);
        rewrite('log.key', (key) => key + key);
      },
      /cannot be used: it holds one key twice\. Put back/,
    ],
    ['under an origin that no key can have', () => {}, /ZONEWATCH_ORIGIN may not have spaces/, { ZONEWATCH_ORIGIN: 'two words' }],
  ];
  test.each(cases)('%s', async (_, spoil, why, settings = {}) => {
    await spoil();
    const isFolder = existsSync(pathOf('checkpoint')) && why.source.includes('EISDIR');
    const before = isFolder ? undefined : held('checkpoint');
    const said = await refusal(settings);
    expect(said).toMatch(why);
    // One line for its operator, and nothing of its insides.
    expect(said).not.toContain('\n');
    if (!isFolder) expect(held('checkpoint')).toBe(before);
  });

  test('while another process has the folder', async () => {
    await record(3);
    const { address } = await startHere();
    const before = held('checkpoint');
    const second = await start({ ZONEWATCH_ORIGIN: 'other' }).ended;
    expect([second.code, second.stderr]).toEqual([1, expect.stringContaining('another process is writing to') as string]);
    expect(held('checkpoint')).toBe(before);
    expect(await (await fetch(`${address}/log/checkpoint`)).text()).toBe(before && Buffer.from(before, 'latin1').toString());
  });

  test('for long where there are many, of which one was changed: it ends by itself, with the same words', async () => {
    await record(9_000);
    change(`UPDATE events SET bytes = replace(bytes, 'clash', 'peace') WHERE sequence = 8_700`);
    const before = held('checkpoint');
    const { code, stderr } = await start().ended;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^zonewatch: .+ among the events 8449 to 8704 are .+ Put back .+$/m)]);
    expect(held('checkpoint')).toBe(before);
  });

  test('but does where they are honest, and says so to whoever wants to know', async () => {
    await record(9_000);
    const { child, said, listening, ended } = start({ LOG_LEVEL: 'debug' });
    await listening;
    while (!said.stderr.includes('every event was read again')) await passed(20);
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
  });

  test('until what belongs to the checkpoint is put back', async () => {
    await record(3);
    copyFileSync(pathOf('record.db'), pathOf('older'));
    await record(6);
    copyFileSync(pathOf('record.db'), pathOf('newer'));
    copyFileSync(pathOf('older'), pathOf('record.db'));
    expect(await start().ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^zonewatch: [^\n]+\n$/), stdout: '' });
    copyFileSync(pathOf('newer'), pathOf('record.db'));
    await startHere();
    expect(signed().size).toBe(6);
  });
});

describe('the checkpoint of a service that ends under load', () => {
  const REPLIES = 200;
  /** Writes until the service is gone, which is at some reply. */
  const writeUntilGone = async (address: string, end: () => void) => {
    const reporters = new Reporters(address);
    await reporters.create('z');
    let replies = 0;
    const writer = async (name: number) => {
      for (let at = 0; await reporters.send({ zone: 'z', text: `${name}-${at}` }); at++) if (++replies === REPLIES) end();
    };
    await Promise.all(Array.from({ length: 32 }, (_, name) => writer(name)));
    reporters.close();
  };

  test('covers everything where it was asked to end', async () => {
    const { child, listening, ended } = start();
    await writeUntilGone(await listening, () => child.kill('SIGTERM'));
    expect((await ended).code).toBe(0);
    const all = leaves();
    expect(all.length).toBeGreaterThan(REPLIES);
    expect(signed()).toMatchObject({ size: all.length, root: mth(all) });
  });

  test('covers everything soon after the next start where it was killed', async () => {
    const { child, listening, ended } = start();
    await writeUntilGone(await listening, () => child.kill('SIGKILL'));
    await ended;
    const { address } = await startHere();
    const all = leaves();
    expect(all.length).toBeGreaterThan(REPLIES);
    const keys = (await (await fetch(`${address}/log/vkey`)).text()).trimEnd().split('\n').map(parseVkey);
    const limit = performance.now() + 3_000;
    for (let size = 0; size < all.length;) {
      expect(performance.now()).toBeLessThan(limit);
      const note = Buffer.from(await (await fetch(`${address}/log/checkpoint`)).arrayBuffer());
      const checkpoint = openCheckpoint(note, { origin: keys[0]!.name, keys, witnesses: [] });
      expect(checkpoint.root).toEqual(mth(all.slice(0, checkpoint.size)));
      ({ size } = checkpoint);
      await passed(20);
    }
  });
});

describe('a key that is put beside another', () => {
  const keys = async (address: string) => (await (await fetch(`${address}/log/vkey`)).text()).trimEnd().split('\n').map(parseVkey);
  const opens = async (address: string, key: ReturnType<typeof parseVkey>) => {
    const note = Buffer.from(await (await fetch(`${address}/log/checkpoint`)).arrayBuffer());
    return openCheckpoint(note, { origin: key.name, keys: [key], witnesses: [] }).size;
  };

  test('is published with it, each opens the checkpoint alone, and the old one can go', async () => {
    await record(3);
    appendFileSync(pathOf('log.key'), another());
    const { address } = await startHere();
    const [old, added, ...others] = await keys(address);
    expect(others).toEqual([]);
    expect([await opens(address, old!), await opens(address, added!)]).toEqual([3, 3]);
    await stopHere();
    rewrite('log.key', (text) => text.slice(text.indexOf('-----BEGIN', 1)));
    const { address: alone } = await startHere();
    expect((await keys(alone)).map(({ vkey }) => vkey)).toEqual([added!.vkey]);
    expect(await opens(alone, added!)).toBe(3);
  });
});
