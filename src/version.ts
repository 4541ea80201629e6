import { readFileSync } from 'node:fs';

/** The release, as package.json has it (beside `dist` and beside `src`). */
export const VERSION: string = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;
