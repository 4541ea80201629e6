import type { TestApp } from '../support/start-app.js';
import { Unforeseen } from '../../src/logger.js';

/** Hears of everything that must never happen while a service is tormented: an error that nobody foresaw, a promise that nobody kept. */
export function alarmOf(app: TestApp) {
  const heard: unknown[] = [];
  const hear = (error: unknown) => void heard.push(error);
  const unforeseen = app.app.get(Unforeseen);
  unforeseen.tell = hear;
  process.on('unhandledRejection', hear);
  return { heard, stop: () => void process.off('unhandledRejection', hear) };
}
