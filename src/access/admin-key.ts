import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** The one key that may write. It is compared by its hash, in constant time, so that an answer tells nothing about it. */
export class AdminKey {
  private readonly hash: Buffer;

  constructor(key: string) {
    this.hash = hash(key);
  }

  matches(presented: string): boolean {
    return timingSafeEqual(hash(presented), this.hash);
  }
}

/**
 * The admin key of a data folder: the one that the settings give, or the one in `admin.key`, which is made where there is none. `made` is
 * a new key, to be shown this once.
 */
export function adminKeyOf(folder: string, given: string | undefined): { key: AdminKey; made?: string } {
  if (given !== undefined) return { key: new AdminKey(given) };
  const path = join(folder, 'admin.key');
  if (existsSync(path)) return { key: new AdminKey(readFileSync(path, 'utf8').trim()) };
  mkdirSync(folder, { recursive: true });
  const made = randomBytes(24).toString('base64url');
  const file = openSync(path, 'wx', 0o600);
  writeSync(file, `${made}\n`);
  fsyncSync(file);
  closeSync(file);
  return { key: new AdminKey(made), made };
}

function hash(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
