import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config.js';
import { createLogger, type LogLevel } from '../../src/logger.js';
import { startService, type Service } from '../../src/service.js';
import { KEY } from './start-app.js';

/** The service with its log at hand. */
export interface WatchedApp extends Service {
  /** Every line as it was written. */
  lines: string[];
  /** The lines that say so, read. */
  said(message: string): Record<string, unknown>[];
  /** Asks as the admin. */
  ask(path: string, options?: RequestInit): Promise<Response>;
  stop(): Promise<void>;
}

export async function startWatched(settings: Record<string, string> = {}, level: LogLevel = 'trace'): Promise<WatchedApp> {
  const data = mkdtempSync(join(tmpdir(), 'zonewatch-watched-'));
  const lines: string[] = [];
  const secrets = [KEY, settings['ZONEWATCH_JWT_SECRET']].filter((secret) => secret !== undefined);
  const logger = createLogger(level, { write: (line) => void lines.push(line) }, secrets);
  const config = readConfig({ PORT: '0', ZONEWATCH_DATA: data, ZONEWATCH_ADMIN_KEY: KEY, ...settings });
  const service = await startService(config, { logger });
  return {
    ...service,
    lines,
    said: (message) => lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => msg === message),
    ask: (path, options = {}) =>
      fetch(service.address + path, { ...options, headers: { authorization: `Bearer ${KEY}`, ...(options.headers as object) } }),
    stop: async () => {
      await service.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** A report of a zone, ready to be sent. */
export function zone(id: string, headers: Record<string, string> = {}): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ id, name: { en: id }, occurred: '2017-05-04', sources: [{ publisher: 'TASS' }] }),
  };
}
