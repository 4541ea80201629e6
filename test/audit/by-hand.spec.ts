import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../../src/config.js';
import { readSigners } from '../../src/proof/log-keys.js';
import { parseVkey } from '../../src/proof/note-keys.js';
import { startService, type Service } from '../../src/service.js';
import { leafOf, mth, proof } from '../proof/definition.js';
import { witness } from '../proof/keys.js';
import { WitnessServer } from '../proof/witness-server.js';
import { sample } from '../support/sample.js';
import { KEY } from '../support/start-app.js';
import { filesOf } from './folders.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CLI = join(ROOT, 'dist/cli.js');
const PAGE = readFileSync(join(ROOT, 'docs/AUDIT.md'), 'utf8');
const SEER = witness('witness.example/w1', Buffer.alloc(32, 101));

/** What a reader is told to run, and what it prints: an ellipsis stands for what differs from record to record. */
interface Block {
  section: string;
  how: string;
  code: string;
  output: string;
}

const BLOCKS: Block[] = PAGE.split(/^###? /m).flatMap((part) =>
  [...part.matchAll(/```sh (run|by-hand)\n([\s\S]*?)```(?:\n\n```text\n([\s\S]*?)```)?/g)].map((match) => ({
    section: part.slice(0, part.indexOf('\n')),
    how: match[1]!,
    code: match[2]!,
    output: match[3] ?? '',
  })),
);
/** The files that a reader is told to save. */
const FILES = [...PAGE.matchAll(/```(?:bash|python) (\S+)\n([\s\S]*?)```/g)].map((match) => [match[1]!, match[2]!] as const);

const named = (section: string) => BLOCKS.find((block) => block.section === section)!;
/** The one command of a section that is given a file, without those beside it. */
const lineOf = (section: string, file: string): Block => {
  const [line, ...others] = named(section)
    .code.split('\n')
    .filter((each) => each.includes(file));
  expect([line, others]).toEqual([expect.any(String), []]);
  return { ...named(section), code: line! };
};

function asPattern(output: string): RegExp {
  const literal = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${output.split('…').map(literal).join('.+')}$`);
}

/** How files of the folder are changed, by their paths. */
type Files = Record<string, (bytes: Buffer) => Buffer>;

interface Spoiling {
  /** What the address of a request has in it. */
  path: string;
  spoil: (bytes: Buffer, path: string) => Buffer;
}

/** Stands between the reader and the service, and can change what the service answers. Each way of doing so has an address of its own. */
class Relay {
  private readonly ways: (Spoiling | undefined)[] = [undefined];
  private service = '';
  private readonly server = createServer(async (request, response) => {
    const [, way, path] = /^\/(\d+)(\/.*)$/.exec(request.url!)!;
    const headers = Object.entries(request.headers).filter(([name]) => name === 'authorization' || name === 'accept');
    const answer = await fetch(this.service + path, { headers: headers as [string, string][] });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const spoiling = this.ways[Number(way)];
    response.writeHead(answer.status).end(spoiling && path!.includes(spoiling.path) ? spoiling.spoil(bytes, path!) : bytes);
  });

  async start(service: string): Promise<void> {
    this.service = service;
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  get honest(): string {
    return this.at(0);
  }

  spoiling(spoiling: Spoiling): string {
    return this.at(this.ways.push(spoiling) - 1);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private at(way: number): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/${way}`;
  }
}

/** A shell that ends where something fails. */
const STRICT = ['-euo', 'pipefail'];
/** A block in a shell that goes on behind a failure, and tells in the end whether a strict one would have come so far. */
const goingOn = ({ code, ...block }: Block): Block => ({
  ...block,
  code: `set -o pipefail\ntrap 'failed=1' ERR\n${code}\nexit \${failed:-0}`,
});

const TOOLS = ['bash', 'curl', 'openssl', 'python3', 'sha256sum', 'base64', 'od', 'xargs'];
/** LibreSSL and OpenSSL before 3 know no `-rawin` for Ed25519. */
const missing = TOOLS.filter((tool) => {
  const { status, stdout } = spawnSync(tool, [tool === 'openssl' ? 'version' : '--version'], { encoding: 'utf8' });
  return status !== 0 || (tool === 'openssl' && !/^OpenSSL [3-9]/.test(stdout));
});
const describeWithTools = missing.length > 0 ? describe.skip : describe;

test('docs/AUDIT.md says what to run and what that prints', () => {
  expect(FILES.map(([name]) => name)).toEqual(['open.sh', 'tree.py']);
  expect(BLOCKS.filter(({ how }) => how === 'by-hand').map(({ output }) => output)).not.toContain('');
  expect(BLOCKS.map(({ how }) => how).join(' ')).toBe('run run run run run run by-hand by-hand by-hand by-hand by-hand by-hand');
});

describeWithTools(`docs/AUDIT.md${missing.length > 0 ? `, not tried: this machine lacks ${missing.join(', ')}` : ''}`, () => {
  let data: string;
  let audit: string;
  /** What stands in for npx, which takes longer than the command that it finds. The README is tried with npx itself. */
  let quick: string;
  const relay = new Relay();
  let service: Service;
  let seen: WitnessServer;

  beforeAll(async () => {
    const made = (name: string) => mkdtempSync(join(tmpdir(), `zonewatch-${name}-`));
    [data, audit, quick] = [made('data'), made('audit'), made('quick')];
    writeFileSync(join(quick, 'npx'), `#!/bin/sh\ntest "$1" = zonewatch && shift && exec '${process.execPath}' '${CLI}' "$@"\n`, {
      mode: 0o755,
    });
    const config = { ...readConfig({}), port: 0, data, adminKey: KEY };
    // The witness has to know the log, whose name is made at its first start.
    const first = await startService(config);
    const [vkey] = (await text(`${first.address}/log/vkey`)).split('\n');
    await first.close();
    const publicKey = Buffer.from(vkey!.slice(parseVkey(vkey!).name.length + '+01234567+'.length), 'base64').subarray(1);
    seen = await WitnessServer.start([{ origin: parseVkey(vkey!).name, publicKey }], [SEER]);
    const policy = join(data, 'policy');
    writeFileSync(policy, `witness one ${SEER.vkey} ${seen.url}\nquorum one\n`);
    service = await startService({ ...config, policy });
    await relay.start(service.address);
    for (const [name, content] of FILES) writeFileSync(join(audit, name), content);
    await tell(sample());
  }, 60_000);

  afterAll(async () => {
    await relay.close();
    await service?.close();
    await seen?.close();
    for (const folder of [data, audit, quick]) rmSync(folder, { recursive: true, force: true });
  });

  /** Takes commands, and waits for the checkpoint that covers them to be cosigned. */
  async function tell(lines: readonly unknown[]): Promise<void> {
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/x-ndjson' };
    const body = lines.map((line) => JSON.stringify(line)).join('\n');
    const replies = await (await fetch(`${service.address}/v1/commands`, { method: 'POST', headers, body })).text();
    const { sequence } = JSON.parse(replies.trim().split('\n').at(-1)!) as { sequence: number };
    const isCovered = (note: string) => Number(note.split('\n')[1]) >= sequence && note.includes(`— ${parseVkey(SEER.vkey).name} `);
    while (!isCovered(await text(`${service.address}/log/checkpoint`))) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  const run = ({ how, code }: Block, { folder = audit, address = relay.honest, options = STRICT } = {}) =>
    outcome(code, options, how === 'run' ? ROOT : folder, {
      PATH: `${quick}:${process.env['PATH']}`,
      ZONEWATCH: address,
      ZONEWATCH_TOKEN: KEY,
      AUDIT: folder,
      WITNESS: SEER.vkey,
    });

  test('prints what it says, from the first command to the last', async () => {
    for (const [at, block] of BLOCKS.entries()) {
      const { code, output } = await run(block);
      expect({ section: block.section, code, output }).toEqual({
        section: block.section,
        code: 0,
        output: expect.stringMatching(asPattern(block.output)),
      });
      // What comes after the checkpoint that the reader keeps. A bundle is full by then.
      if (at === 0) await tell(Array.from({ length: 40 }, (_, n) => zone(n)));
    }
    expect(Number(readFileSync(join(audit, 'text'), 'utf8').split('\n')[1])).toBeGreaterThan(256);
  }, 120_000);

  /** Nothing says that all is well, in a shell that goes on behind a failure as in one that does not. */
  async function expectRefused(section: string, network?: Spoiling, files?: Files): Promise<void> {
    const block = named(section);
    const outcome = await spoilt(goingOn(block), [], network, files);
    expect(outcome).not.toMatchObject({ code: 0 });
    expect(outcome.output).not.toMatch(asPattern(block.output));
  }

  /** What comes out of a block when what it is given differs, over the network or in the folder. */
  async function spoilt(block: Block, options: string[], network?: Spoiling, files: Files = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'zonewatch-spoilt-'));
    const address = network ? relay.spoiling(network) : relay.honest;
    try {
      cpSync(audit, folder, { recursive: true });
      for (const [path, spoil] of Object.entries(files)) writeFileSync(join(folder, path), spoil(readFileSync(join(folder, path))));
      return await run(block, { folder, address, options });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  const PLACE = 0.38;
  const UNTIL_WITNESS = Buffer.from(`\n— ${parseVkey(SEER.vkey).name}`);

  test.each(BLOCKS.filter(({ how }) => how === 'by-hand').map(({ section }) => section))(
    'what nobody has changed passes: %s',
    async (section) => {
      const block = named(section);
      const outcome = await spoilt(goingOn(block), [], { path: '/', spoil: (bytes) => bytes });
      expect(outcome).toEqual({ code: 0, output: expect.stringMatching(asPattern(block.output)) });
    },
  );

  test.each([
    ['the checkpoint', 'Come back', '/log/checkpoint'],
    ['the proof that it goes on', 'Come back', '/log/consistency'],
    ['the proof of an event', 'One event', '/proof'],
    ['an event', 'One event', '/v1/events?'],
    ['a full bundle', 'All events', '/log/tile/entries/000'],
    ['the last bundle', 'All events', '/log/tile/entries/001.p'],
  ])('a byte that was changed in %s does not pass', (_what, section, path) =>
    expectRefused(section, { path, spoil: (bytes) => changed(bytes, PLACE, UNTIL_WITNESS) }),
  );

  test.each([
    ['the checkpoint that was kept', 'The checkpoint that you kept', 'old'],
    ['the key', 'The checkpoint that you kept', 'vkey'],
    ['the checkpoint of an export', 'An export', 'export/checkpoint'],
    ['a bundle of an export', 'An export', 'export/tile/entries/000'],
    ['the lines of an export', 'An export', 'export/events.ndjson'],
    ['the CloudEvents of an export', 'An export', 'export/events.cloudevents.ndjson'],
  ])('a byte that was changed in %s does not pass', (_what, section, path) =>
    expectRefused(section, undefined, { [path]: (bytes) => changed(bytes, PLACE, UNTIL_WITNESS) }),
  );

  test('a byte that was changed in what a witness has signed does not pass', async () => {
    const inText = (bytes: Buffer) => changed(bytes, PLACE, Buffer.from('\n\n'));
    const inLine = (bytes: Buffer) => {
      const at = bytes.indexOf(UNTIL_WITNESS) + 1;
      return Buffer.concat([bytes.subarray(0, at), changed(bytes.subarray(at), PLACE)]);
    };
    for (const spoil of [inText, inLine]) await expectRefused('A witness', undefined, { checkpoint: spoil });
  });

  test('an entry that is left out, put elsewhere or put in does not pass', async () => {
    const tampering: ((lines: string[]) => string[])[] = [
      (lines) => lines.toSpliced(20, 1),
      (lines) => lines.with(20, lines[21]!).with(21, lines[20]!),
      (lines) => lines.toSpliced(20, 0, lines[20]!),
      (lines) => lines.slice(0, -1),
      (lines) => lines.slice(1),
    ];
    const whole = lineOf('An export', 'export/events.ndjson');
    expect(await spoilt(whole, STRICT)).toMatchObject({ code: 0 });
    for (const tamper of tampering) {
      const spoil = (bytes: Buffer) => Buffer.from(tamper(bytes.toString().split('\n').slice(0, -1)).join('\n') + '\n');
      expect(await spoilt(whole, STRICT, undefined, { 'export/events.ndjson': spoil })).toMatchObject({ code: 1 });
    }
  });

  test('another history, signed with the same key and proven as well as can be, does not pass who holds a checkpoint', async () => {
    const [signer] = readSigners(data, parseVkey((await text(`${service.address}/log/vkey`)).trim()).name);
    const told = readFileSync(join(audit, 'events'), 'utf8').split('\n').slice(0, -1);
    const leaves = told.with(9, told[9]!.replace('"revision"', '"Revision"')).map((entry) => leafOf(entry));
    const checkpoint = `${signer!.verifier.name}\n${leaves.length}\n${mth(leaves).toString('base64')}\n`;
    const id = Buffer.from(signer!.verifier.id, 'hex');
    const note = `${checkpoint}\n— ${signer!.verifier.name} ${Buffer.concat([id, signer!.sign(checkpoint).bytes]).toString('base64')}\n`;
    const held = Number(readFileSync(join(audit, 'old.text'), 'utf8').split('\n')[1]);
    const hashes = proof(held, leaves).map((hash) => `${hash.toString('base64')}\n`);
    const spoil = (bytes: Buffer, path: string) =>
      path.startsWith('/log/checkpoint') ? Buffer.from(note) : path.startsWith('/log/consistency') ? Buffer.from(hashes.join('')) : bytes;
    const { code, output } = await spoilt(named('Come back'), STRICT, { path: '', spoil });
    // Its own signature holds: only the checkpoint that was kept tells.
    expect({ code, output }).toEqual({ code: 1, output: 'Signature Verified Successfully\nthe tree has not only grown\n' });
  });

  test('leaves nothing behind but what it says', () => {
    expect(filesOf(audit).filter((path) => !path.startsWith('export/'))).toEqual(
      ['bundle', 'checkpoint', 'computed', 'consistency', 'event', 'events', 'export.text', 'old', 'old.text', 'open.sh', 'policy']
        .concat(['proof', 'shown', 'steps', 'proof.checkpoint', 'proof.text', 'text', 'tree.py', 'unpacked', 'vkey'])
        .sort(),
    );
  });
});

/** Changes one byte, at a place from 0 to 1 in what stands before `end`, and in base64 never only the bits that are left over. */
function changed(bytes: Buffer, place: number, end?: Buffer): Buffer {
  const found = end ? bytes.indexOf(end) : -1;
  const at = Math.floor(place * ((found < 0 ? bytes.length : found) - 1));
  const copy = Buffer.from(bytes);
  copy[at]! ^= 0x10;
  return copy;
}

function zone(n: number) {
  const body = { id: `hand-${n}`, name: { en: `By hand ${n}` }, occurred: '2017-05-04', sources: [{ publisher: 'TASS' }] };
  return { command: 'zones/report', body };
}

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}

/** Both of a shell's streams go to one, so that the order is the one that a reader sees. */
async function outcome(code: string, options: readonly string[], cwd: string, env: Record<string, string>) {
  const child = spawn('bash', [...options, '-c', `exec 2>&1\n${code}`], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  return { code: await new Promise<number | null>((resolve) => child.on('close', resolve)), output };
}
