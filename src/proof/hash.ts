import { hash } from 'node:crypto';
import { MAX_ENTRY_BYTES } from './entry-bundle.js';

export const HASH_BYTES = 32;

/** The root of a tree without leaves. */
export const EMPTY_ROOT = hash('sha256', '', 'buffer');

/** RFC 6962's prefixes: without them an entry of 64 bytes could pass for a node. */
const LEAF = Buffer.of(0);
const NODE = 1;

/** One buffer for all nodes: it is filled and hashed within one call, and never handed out. */
const pair = Buffer.alloc(1 + 2 * HASH_BYTES, NODE);

/** One buffer for all entries, as long as the longest. */
const prefixed = Buffer.alloc(1 + MAX_ENTRY_BYTES);

/** The hash of an entry: of its bytes, or of a text's UTF-8. */
export function leafHash(entry: string | Buffer): Buffer {
  if (typeof entry === 'string') return hash('sha256', `\0${entry}`, 'buffer');
  if (entry.length > MAX_ENTRY_BYTES) return hash('sha256', Buffer.concat([LEAF, entry]), 'buffer');
  entry.copy(prefixed, 1);
  return hash('sha256', prefixed.subarray(0, 1 + entry.length), 'buffer');
}

/** The hash over two hashes of 32 bytes each. */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  left.copy(pair, 1);
  right.copy(pair, 1 + HASH_BYTES);
  return hash('sha256', pair, 'buffer');
}
