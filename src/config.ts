import { isName } from './proof/note-keys.js';
import { StartRefused } from './start-refused.js';

/** What the environment sets (the README lists it). */
export interface Config {
  port: number;
  host: string;
  /** The folder that holds record.db, the key and the lock. */
  data: string;
  /** Undefined where the service makes one. */
  adminKey: string | undefined;
  /** The first part of the name under which the record signs its checkpoints. */
  origin: string;
  /** A C2SP `tlog-policy` file that names the witnesses to show each checkpoint to. */
  policy: string | undefined;
}

/** What an admin key looks like, wherever it comes from. */
export const ADMIN_KEY = /^[\x21-\x7e]{16,}$/;

/** A setting that the service can't start with. The message names the variable and the rule. */
export class BadSetting extends StartRefused {}

/** Reads the settings, or throws `BadSetting` for the first that is wrong. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const port = Number(env['PORT'] || '3000');
  if (!/^\d{1,5}$/.test(env['PORT'] || '3000') || port > 65_535)
    throw new BadSetting(`PORT must be a whole number from 0 to 65535, and is ${JSON.stringify(env['PORT'])}`);
  if (env['ZONEWATCH_LOG'] && env['ZONEWATCH_LOG'] !== 'sqlite') throw new BadSetting('ZONEWATCH_LOG can only be sqlite in this release');
  const adminKey = env['ZONEWATCH_ADMIN_KEY'] || undefined;
  if (adminKey !== undefined && !ADMIN_KEY.test(adminKey))
    throw new BadSetting('ZONEWATCH_ADMIN_KEY must have 16 or more visible characters, without spaces');
  const origin = env['ZONEWATCH_ORIGIN'] || 'zonewatch';
  if (!isName(origin) || /\p{Cc}/u.test(origin))
    throw new BadSetting('ZONEWATCH_ORIGIN may not have spaces, control characters or +; newsroom.example/record would do');
  return {
    port,
    host: env['HOST'] || '127.0.0.1',
    data: env['ZONEWATCH_DATA'] || './data',
    adminKey,
    origin,
    policy: env['ZONEWATCH_POLICY'] || undefined,
  };
}
