import type Database from 'better-sqlite3';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { dirname } from 'node:path';
import { unwritten } from '../decider/refusal.js';
import { sha256 } from '../event/fingerprint.js';
import { diskError } from '../record/disk-error.js';
import { instant } from '../time/occurred.js';
import { openAccessDb } from './access-db.js';
import { isRole, withIncluded, type Caller, type Ended, type Role } from './caller.js';
import type { ExpireBody, KeyBody } from './key.dto.js';

/** A key as those see it who look after keys: never the key itself. Instants are RFC 3339, UTC. */
export interface ApiKey {
  id: string;
  /** Who uses it: the `recordedBy` of what is written with it. */
  name: string;
  roles: Role[];
  made: string;
  madeBy: string;
  expires?: string;
  revoked?: string;
}

/** `zw_<id>_<secret>`: by the id it is found, by the secret it is known. Scanners of source code find it by its beginning. */
const KEY = /^zw_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

/** Nothing else is served while it waits for another process that is changing the keys, in milliseconds. */
const PATIENCE = 250;

interface Row {
  id: string;
  name: string;
  roles: string;
  hash: Buffer;
  made: string;
  madeBy: string;
  expires: string | null;
  revoked: string | null;
}

interface Held {
  key: ApiKey;
  roles: ReadonlySet<Role>;
  hash: Buffer;
  /** Milliseconds since 1970. */
  expires: number;
}

/**
 * The API keys of a data folder. They are kept hashed: 256 random bits need no slow hash. All are held in memory, and read again where
 * another process, which is the command line, has changed them.
 */
export class ApiKeys {
  private held = new Map<string, Held>();
  /** Those that were revoked here, written or not. */
  private readonly shutOut = new Set<string>();
  private isFailing = false;
  private readonly changes;
  private version: unknown;

  private constructor(
    private readonly db: Database.Database,
    private readonly onFailure: (error: unknown) => void,
    private readonly clock: () => number,
  ) {
    this.changes = db.prepare('PRAGMA data_version').pluck();
    this.read();
  }

  /** `onFailure` is told once when the keys can't be read again. Those that are known go on being held to. */
  static open(folder: string, onFailure: (error: unknown) => void = () => {}, clock: () => number = Date.now): ApiKeys {
    return new ApiKeys(openAccessDb(folder, PATIENCE), onFailure, clock);
  }

  /** Makes a key. It is told this once. */
  make({ name, roles, expires }: KeyBody, madeBy: string): ApiKey & { key: string } {
    const id = randomBytes(6).toString('hex');
    const key = `zw_${id}_${randomBytes(32).toString('base64url')}`;
    const ends = expires === undefined ? null : inUtc(expires);
    this.write('INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, NULL)', id, name, roles.join(' '), sha256(key), this.now(), madeBy, ends);
    this.read();
    return { ...this.held.get(id)!.key, key };
  }

  /** Every key that there ever was, the oldest first. */
  list(): ApiKey[] {
    this.refresh();
    return [...this.held.values()]
      .map(({ key }) => key)
      .sort((a, b) => (a.made < b.made ? -1 : a.made > b.made ? 1 : a.id < b.id ? -1 : 1));
  }

  /** Lets a key end at an instant, which may be sooner or later than it was; undefined where there is no such key. */
  expire(id: string, { expires }: ExpireBody): ApiKey | undefined {
    this.write('UPDATE keys SET expires = ? WHERE id = ?', inUtc(expires), id);
    return this.again(id);
  }

  /**
   * Ends a key at once and for good; undefined where there is no such key. Where that can't be written it throws, and the key is shut out
   * all the same, as long as this process lives.
   */
  revoke(id: string): ApiKey | undefined {
    this.shutOut.add(id);
    this.write('UPDATE keys SET revoked = ? WHERE id = ? AND revoked IS NULL', this.now(), id);
    return this.again(id);
  }

  /** Who comes with this key, or why it lets nobody in; undefined where it is none of these. */
  caller(presented: string): Caller | Ended | undefined {
    this.refresh();
    const id = KEY.exec(presented)?.[1];
    const held = id === undefined ? undefined : this.held.get(id);
    // The same work is done for a key that is not there.
    const matches = timingSafeEqual(sha256(presented), held?.hash ?? NO_HASH);
    if (!held || !matches) return undefined;
    const ended = () => this.ended(held.key.id);
    return ended() ?? { name: held.key.name, account: `key ${held.key.id}`, roles: held.roles, ended };
  }

  /** Reads the keys again where another process has changed them. */
  refresh(): void {
    try {
      if (this.changes.get() !== this.version) this.read();
      this.isFailing = false;
    } catch (error) {
      if (!this.isFailing) this.onFailure(error);
      this.isFailing = true;
    }
  }

  close(): void {
    this.db.close();
  }

  private ended(id: string): Ended | undefined {
    const held = this.held.get(id);
    if (!held || held.key.revoked !== undefined || this.shutOut.has(id)) return 'revoked';
    // A date that can't be read is none to trust.
    return this.clock() < held.expires ? undefined : 'token-expired';
  }

  private read(): void {
    this.version = this.changes.get();
    const rows = this.db.prepare<[], Row>('SELECT * FROM keys').all();
    this.held = new Map(rows.map((row) => [row.id, heldOf(row)]));
  }

  private write(sql: string, ...values: (string | Buffer | null)[]): void {
    try {
      this.db.prepare(sql).run(...values);
    } catch (error) {
      const reason = diskError(error, dirname(this.db.name));
      throw reason ? unwritten({ reason, mayComeBack: false }) : error;
    }
  }

  private again(id: string): ApiKey | undefined {
    this.read();
    return this.held.get(id)?.key;
  }

  private now(): string {
    return new Date(this.clock()).toISOString();
  }
}

const NO_HASH = Buffer.alloc(32);

function heldOf({ hash: kept, expires, revoked, roles: text, ...told }: Row): Held {
  const roles = text.split(' ').filter(isRole);
  const key: ApiKey = { ...told, roles, ...(expires !== null && { expires }), ...(revoked !== null && { revoked }) };
  return { key, roles: withIncluded(roles), hash: kept, expires: expires === null ? Infinity : Date.parse(expires) };
}

function inUtc(text: string): string {
  return new Date(instant(text)!).toISOString();
}
