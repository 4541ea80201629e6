import type { TestApp } from '../support/start-app.js';
import { Unforeseen } from '../../src/logger.js';

/**
 * Hears of every error that nobody foresaw, which must never happen while a service is tormented. A promise that nobody kept fails the test
 * that runs by Jest's own doing: it takes `unhandledRejection` for itself, and no listener of a test is ever told.
 */
export function alarmOf(app: TestApp) {
  const heard: unknown[] = [];
  app.app.get(Unforeseen).tell = (error: unknown) => void heard.push(error);
  return { heard };
}
