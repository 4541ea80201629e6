import { readConfig } from './config.js';
import { StartRefused } from './start-refused.js';
import type { Service } from './service.js';

/** How long a stop may take before the process ends all the same, in milliseconds: less than the 10 s after which others kill it. */
const DEADLINE = 8_000;
/** A terminal and what started the service may both pass on one Ctrl-C: only what comes later than that is a second wish, in milliseconds. */
const ONE_WISH = 1_000;

let service: Service | undefined;
let stopsSince: number | undefined;
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    if (stopsSince === undefined) void stop();
    // Whoever asks again does not want to wait. What was answered for is durable, whatever is cut off.
    else if (performance.now() - stopsSince > ONE_WISH) process.exit(0);
  });

try {
  const config = readConfig(process.env);
  // Loaded only now, so that a stop is heard from the first moment on.
  const { startService } = await import('./service.js');
  service = await startService(config, { onForked: (refused) => void stop(refused) });
  if (service.madeKey) console.log(`The admin key, shown this once (it is kept in admin.key of the data folder):\n${service.madeKey}`);
  console.log(`listening on ${service.address}`);
} catch (error) {
  tell(error);
  process.exitCode = 1;
}

function tell(error: unknown): void {
  console.error(error instanceof StartRefused ? `zonewatch: ${error.message}` : error);
}

/**
 * A stop that is asked for during the start has nothing to finish: what was being opened is let go of with the process. `why`: what makes
 * the service end by itself.
 */
async function stop(why?: unknown): Promise<void> {
  stopsSince = performance.now();
  const code = why === undefined ? 0 : 1;
  if (why !== undefined) tell(why);
  setTimeout(() => process.exit(code), DEADLINE).unref();
  await service?.close();
  process.exit(code);
}
