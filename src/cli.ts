#!/usr/bin/env node
import { Command, InvalidArgumentError } from 'commander';
import type { ConformanceOptions } from './cli/conformance.js';
import type { DemoOptions } from './cli/demo.js';
import type { TailOptions } from './cli/tail.js';
import { VERSION } from './version.js';

const folder = process.env['ZONEWATCH_DATA'] ?? './data';
const program = new Command('zonewatch').description('Keeps the record of a ceasefire.').version(VERSION).exitOverride();

// Each command loads what it needs: only the demo brings the service with it.
program
  .command('rebuild')
  .description('fold the states of a stopped service anew from its events')
  .argument('[folder]', 'the data folder', folder)
  .action(async (path: string) => (await import('./cli/rebuild.js')).rebuildStates(path));

program
  .command('demo')
  .description('start the service on the Astana sample and show what arrives')
  .option('--pace <events a second>', 'how fast the sample is fed; 0 is as fast as it goes', '8')
  .option('--data <folder>', 'the data folder', folder)
  .option('--once', 'stop when the sample has been shown')
  .action(async (options: DemoOptions) => (await import('./cli/demo.js')).demo(options));

const list = (value: string, before: string[] = []) => [...before, ...value.split(',')];
program
  .command('tail')
  .description('follow the record of a running service, one event a line')
  .option('--url <address>', 'where the service is', 'http://127.0.0.1:3000')
  .option('--token <token>', 'a key; the default is ZONEWATCH_TOKEN')
  .option('--after <place>', 'a sequence, start or now', 'now')
  .option('--zones <streams>', 'only events about these zones', list)
  .option('--parties <streams>', 'only events about these parties', list)
  .option('--subjects <streams>', 'only events about these subjects', list)
  .option('--kinds <kinds>', 'only events of subjects of these kinds', list)
  .option('--types <types>', 'only events of these types', list)
  .option('--json', 'each event as it was recorded, as JSON')
  .action(async (options: TailOptions) => (await import('./cli/tail.js')).tail(options));

const address = (value: string) => {
  if (URL.canParse(value) && new URL(value).protocol.startsWith('http')) return new URL(value).origin;
  throw new InvalidArgumentError('It must be http://host:port.');
};
program
  .command('conformance')
  .description('see whether a server keeps to docs/PROTOCOL.md; takes a minute or two')
  .argument('<url>', 'where the server is: http://host:port', address)
  .option('--token <token>', 'a key; the default is ZONEWATCH_TOKEN')
  .option('--write', 'also see what comes live: records some zones (zone-conformance-...), which STAY IN THE RECORD FOR EVER; needs a key')
  .option('--json', 'each result as JSON')
  .action(async (url: string, options: ConformanceOptions) => (await import('./cli/conformance.js')).runConformance(url, options));

// Whoever reads only the head of what is printed (`| head`) has what they want.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));

try {
  await program.parseAsync();
} catch (error) {
  const { code, exitCode, message } = error as { code?: string; exitCode?: number; message: string };
  const fromCommander = code?.startsWith('commander.');
  if (!fromCommander) console.error(`zonewatch: ${message}`);
  // 2 is wrong use, 1 that something did not hold.
  process.exitCode = fromCommander ? (exitCode === 0 ? 0 : 2) : 1;
}
