import { readFileSync } from 'node:fs';

/** Reads a file of vectors; where it comes from stands in `vectors/README.md`. */
export function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`vectors/${name}.json`, import.meta.url), 'utf8')) as T;
}

export const base64 = (text: string): Buffer => Buffer.from(text, 'base64');
export const hex = (text: string): Buffer => Buffer.from(text, 'hex');
