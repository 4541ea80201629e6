import { createHash, createPublicKey, verify } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extend, mth } from './definition.js';
import { witness } from './keys.js';

/** A log as a witness knows it: its origin, which is the name of its key too, and the 32 bytes of its Ed25519 key. */
interface WitnessedLog {
  origin: string;
  publicKey: Buffer;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** `endless` for bytes that never end, `hanging` for some that are followed by nothing. */
  body?: string | Buffer | 'endless' | 'hanging';
}

/** What a witness does instead of what it should. No answer: it keeps silent. */
export type Fault = (honest: () => Answer, body: string) => Answer | undefined | Promise<Answer | undefined>;

/** A witness, written from C2SP `tlog-witness` alone, with nothing from `src`. It refuses in the order in which the text tells of it. */
export class WitnessServer {
  /** What it has cosigned last, by origin. A test may set it to something else. */
  readonly held = new Map<string, { size: number; root: Buffer }>();
  /** The bodies of all requests, and when they came. */
  readonly asked: { body: string; at: number }[] = [];
  connections = 0;
  /** Those that are open now. */
  open = 0;
  time = 1_700_000_000;
  fault: Fault | undefined;
  port = 0;
  private readonly http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const body = Buffer.concat(chunks).toString();
      this.asked.push({ body, at: performance.now() });
      const isCall = request.method === 'POST' && request.url === '/witness/add-checkpoint';
      const honest = () => (isCall ? this.addCheckpoint(body) : { status: 405 });
      const answer = this.fault ? await this.fault(honest, body) : honest();
      if (answer) send(response, answer);
    });
  });

  private constructor(
    private readonly logs: readonly WitnessedLog[],
    readonly keys: readonly ReturnType<typeof witness>[],
  ) {
    this.http.on('connection', (socket) => {
      this.connections++;
      this.open++;
      socket.on('close', () => this.open--);
    });
  }

  /** On any free port, or on the one that an earlier one had. */
  static async start(
    logs: readonly WitnessedLog[],
    keys = [witness('witness.example/w1', Buffer.alloc(32, 101))],
    port = 0,
  ): Promise<WitnessServer> {
    const server = new WitnessServer(logs, keys);
    await new Promise<void>((resolve) => server.http.listen(port, '127.0.0.1', resolve));
    server.port = (server.http.address() as AddressInfo).port;
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/witness`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.http.close(resolve));
    this.http.closeAllConnections();
    await closed;
  }

  private addCheckpoint(body: string): Answer {
    const blank = body.indexOf('\n\n');
    const [oldLine, ...proofLines] = body.slice(0, blank).split('\n');
    const old = /^old (0|[1-9][0-9]*)$/.exec(oldLine!)?.[1];
    const proof = proofLines.map((line) => Buffer.from(line, 'base64'));
    const isProof = proof.every((hash, at) => hash.length === 32 && hash.toString('base64') === proofLines[at]);
    if (blank < 0 || old === undefined || !isProof || proof.length > 63) return { status: 400 };

    const note = body.slice(blank + 2);
    const end = note.lastIndexOf('\n\n') + 1;
    const text = note.slice(0, end);
    const [origin, size, root] = text.split('\n');
    const log = this.logs.find((known) => known.origin === origin);
    if (!log) return { status: 404 };
    if (!isSignedBy(log, text, note.slice(end + 1))) return { status: 403 };
    if (!/^(0|[1-9][0-9]*)$/.test(size!) || Buffer.from(root ?? '', 'base64').length !== 32) return { status: 400 };
    return this.update(text, Number(old), proof, { origin: origin!, size: Number(size), root: Buffer.from(root!, 'base64') });
  }

  private update(
    text: string,
    old: number,
    proof: Buffer[],
    { origin, size, root }: { origin: string; size: number; root: Buffer },
  ): Answer {
    if (old > size) return { status: 400 };
    if (size === 0 && !root.equals(mth([]))) return { status: 422 };
    const last = this.held.get(origin) ?? { size: 0, root: mth([]) };
    if (old !== last.size) return conflict(last.size);
    if (old === 0 && proof.length > 0) return { status: 422 };
    if (old > 0 && !extend(old, size, last.root, root, proof)) return { status: 422 };
    this.held.set(origin, { size, root });
    return { status: 200, body: this.keys.map((key) => key.line(text, this.time)).join('') };
  }
}

/** Faults that a witness may have. */
export const conflict = (size: number): Answer => ({ status: 409, headers: { 'content-type': 'text/x.tlog.size' }, body: `${size}\n` });
export const answers =
  (answer: Answer): Fault =>
  () =>
    answer;
export const keepsSilent: Fault = () => undefined;
export const after =
  (ms: number): Fault =>
  async (honest) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return honest();
  };

function isSignedBy({ origin, publicKey }: WitnessedLog, text: string, signatures: string): boolean {
  const id = createHash('sha256').update(`${origin}\n\x01`).update(publicKey).digest().subarray(0, 4);
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey.toString('base64url') }, format: 'jwk' });
  const own = signatures
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([mark, name]) => mark === '—' && name === origin)
    .map(([, , field]) => Buffer.from(field ?? '', 'base64'))
    .filter((field) => field.subarray(0, 4).equals(id));
  return own.length > 0 && own.every((field) => verify(null, Buffer.from(text), key, field.subarray(4)));
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers);
  if (body === 'hanging') return void response.write('— witness');
  if (body !== 'endless') return void response.end(body);
  const pour = () => {
    while (!response.destroyed && response.write(Buffer.alloc(16_384, 'A')));
  };
  response.on('drain', pour);
  pour();
}
