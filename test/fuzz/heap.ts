import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** What the heap may have grown by since a third of what is made up was through, in bytes. */
export const GROWTH = 48 * 1024 * 1024;

/** What is on the heap that something still holds, in bytes. */
export function heap(): number {
  gc();
  return process.memoryUsage().heapUsed;
}
