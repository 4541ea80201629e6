import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

/** Asking the system for 16 bytes costs more than making the id of them, so they are asked for by the page. */
const pool = new Uint8Array(4_096);
let used = pool.length;

/** A new UUIDv7. */
export function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += 16;
  return v7({ random: pool.subarray(used - 16, used) });
}
