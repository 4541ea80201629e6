import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { VERSION } from '../version.js';

/** What prom-client still makes beside `nodejs_active_resources`, under names that only counters should have. */
const SUPERSEDED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

let ofProcess: Registry | undefined;

/** The process and Node: memory, descriptors, the event loop's delay, garbage collection. Watched once, however many services a process has. */
export function processMetrics(registry: Registry): void {
  if (!ofProcess) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
    for (const name of SUPERSEDED) ofProcess.removeSingleMetric(name);
  }
  for (const { name } of ofProcess.getMetricsAsArray()) registry.registerMetric(ofProcess.getSingleMetric(name)!);
  new Gauge({
    name: 'zonewatch_build_info',
    help: 'The release that runs: always 1.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version: VERSION, node: process.version }, 1);
}
