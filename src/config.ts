import type { TokenSettings } from './access/tokens.js';
import { addressOf } from './body/address.js';
import { FeedLimits } from './feed/limits.js';
import type { LogLevel } from './logger.js';
import { isName } from './proof/note-keys.js';
import { StartRefused } from './start-refused.js';
import type { TraceSettings } from './traces/traces.js';

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
  /** Who signs tokens; undefined where none are taken. */
  jwt: TokenSettings | undefined;
  /** Whether everybody may read and follow. */
  publicRead: boolean;
  /** How many commands each caller may send in a minute, but for the admin. */
  commandsAMinute: number;
  /** How many sockets and streams there may be, and how many from one address. */
  connections: number;
  connectionsPerAddress: number;
  /** The sites whose pages may ask and follow, beside the service's own: `https://newsroom.example`. */
  sites: readonly string[];
  logLevel: LogLevel;
  /** How many bytes must be free where the data folder is, so that the service calls itself ready. */
  minDisk: number;
  /** Where traces are sent; undefined where none are made. */
  traces: TraceSettings | undefined;
}

const LOG_LEVELS: readonly LogLevel[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];
/** 64 MiB: as much as the write-ahead log takes before it is written back. */
const MIN_DISK = 64 * 1024 * 1024;

const USUAL = new FeedLimits();

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
    jwt: tokenSettings(env),
    publicRead: flag(env, 'ZONEWATCH_PUBLIC_READ'),
    commandsAMinute: count(env, 'ZONEWATCH_COMMANDS_A_MINUTE', 6_000),
    connections: count(env, 'ZONEWATCH_CONNECTIONS', USUAL.connections),
    connectionsPerAddress: count(env, 'ZONEWATCH_CONNECTIONS_PER_ADDRESS', USUAL.connectionsPerAddress),
    sites: (env['ZONEWATCH_SITES'] ?? '')
      .split(/[\s,]+/)
      .filter(Boolean)
      .map(site),
    logLevel: logLevel(env),
    minDisk: count(env, 'ZONEWATCH_MIN_DISK', MIN_DISK, Number.MAX_SAFE_INTEGER),
    traces: traceSettings(env),
  };
}

type Env = Record<string, string | undefined>;

/** A secret that is shorter is guessed. */
const MIN_SECRET = 16;

function tokenSettings(env: Env): TokenSettings | undefined {
  const secret = env['ZONEWATCH_JWT_SECRET'] || undefined;
  const jwks = env['ZONEWATCH_JWKS_URL'] || undefined;
  const issuer = env['ZONEWATCH_JWT_ISSUER'] || undefined;
  const audience = env['ZONEWATCH_JWT_AUDIENCE'] || undefined;
  if (secret !== undefined && Buffer.byteLength(secret) < MIN_SECRET)
    throw new BadSetting(`ZONEWATCH_JWT_SECRET must have ${MIN_SECRET} bytes or more, and better 32`);
  const address = jwks === undefined ? undefined : addressOf(jwks);
  if (jwks !== undefined && (!address || !/^https?:$/.test(address.protocol) || address.username || address.password))
    throw new BadSetting(
      'ZONEWATCH_JWKS_URL must be an http or https address, without a password in it: https://login.example/.well-known/jwks.json',
    );
  if (secret !== undefined || jwks !== undefined) return { secret, jwks, issuer, audience };
  if (issuer !== undefined || audience !== undefined)
    throw new BadSetting('ZONEWATCH_JWT_ISSUER and ZONEWATCH_JWT_AUDIENCE say nothing without ZONEWATCH_JWT_SECRET or ZONEWATCH_JWKS_URL');
  return undefined;
}

function flag(env: Env, name: string): boolean {
  const text = env[name] || 'false';
  if (text === 'true' || text === 'false') return text === 'true';
  throw new BadSetting(`${name} must be true or false, and is ${JSON.stringify(text)}`);
}

function count(env: Env, name: string, usual: number, most = 999_999_999): number {
  const text = env[name] || String(usual);
  if (/^[1-9]\d{0,15}$/.test(text) && Number(text) <= most) return Number(text);
  throw new BadSetting(`${name} must be a whole number from 1, and is ${JSON.stringify(text)}`);
}

function site(text: string): string {
  const address = addressOf(text);
  if (address && /^https?:$/.test(address.protocol) && address.origin === text.replace(/\/$/, '')) return address.origin;
  throw new BadSetting(
    `ZONEWATCH_SITES must be a list of sites such as https://newsroom.example, and has ${JSON.stringify(text.replace(/\/\/.*@/, '//...@'))}`,
  );
}

function logLevel(env: Env): LogLevel {
  const text = env['LOG_LEVEL'] || 'info';
  const level = LOG_LEVELS.find((one) => one === text);
  if (level) return level;
  throw new BadSetting(`LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}, and is ${JSON.stringify(text)}`);
}

const OTLP = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const OTLP_TRACES = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
const OTLP_PROTOCOLS = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'];

/** OpenTelemetry's own variables. */
function traceSettings(env: Env): TraceSettings | undefined {
  const name = env[OTLP_TRACES] ? OTLP_TRACES : OTLP;
  const endpoint = env[name];
  if (!endpoint || env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none') return undefined;
  // What is wrong is not repeated: an address may hold a password.
  if (!/^https?:$/.test(addressOf(endpoint)?.protocol ?? ''))
    throw new BadSetting(`${name} must be an http or https address: http://collector.example:4318`);
  const protocol = OTLP_PROTOCOLS.find((one) => env[one]);
  if (protocol && env[protocol] !== 'http/json')
    throw new BadSetting(`${protocol} can only be http/json, and is ${JSON.stringify(env[protocol])}`);
  const url = name === OTLP_TRACES ? endpoint : `${endpoint.replace(/\/$/, '')}/v1/traces`;
  return { url, service: env['OTEL_SERVICE_NAME'] || 'zonewatch' };
}
