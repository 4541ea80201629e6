import { randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADMIN_KEY, BadSetting } from '../config.js';
import { sha256 } from '../event/fingerprint.js';
import { SECRET, writeWhole } from '../record/write-whole.js';

/** The one key that may write. It is compared by its hash, in constant time, so that an answer tells nothing about it. */
export class AdminKey {
  private readonly hash: Buffer;

  constructor(key: string) {
    this.hash = sha256(key);
  }

  matches(presented: string): boolean {
    return timingSafeEqual(sha256(presented), this.hash);
  }
}

/**
 * The admin key of a data folder: the one that the settings give, or the one in `admin.key`, which is made where there is none. `made`: it is
 * new, to be shown this once.
 */
export function adminKeyOf(folder: string, given: string | undefined): { secret: string; made?: true } {
  if (given !== undefined) return { secret: given };
  const path = join(folder, 'admin.key');
  if (existsSync(path)) return { secret: readKey(path) };
  const made = randomBytes(24).toString('base64url');
  writeWhole(path, `${made}\n`, SECRET);
  return { secret: made, made: true };
}

function readKey(path: string): string {
  let key: string;
  try {
    key = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new BadSetting(
      `${path} cannot be read: ${(error as Error).message}. Let this user read it, or delete it to have a new one made.`,
    );
  }
  if (!ADMIN_KEY.test(key))
    throw new BadSetting(`${path} holds no key of 16 or more visible characters. Delete it to have a new one made.`);
  return key;
}
