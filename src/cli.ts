#!/usr/bin/env node
import { Command } from 'commander';
import { demo } from './cli/demo.js';
import { rebuildStates } from './cli/rebuild.js';
import { VERSION } from './version.js';

const program = new Command('zonewatch').description('Keeps the record of a ceasefire.').version(VERSION);

program
  .command('rebuild')
  .description('fold the states of a stopped service anew from its events')
  .argument('[folder]', 'the data folder', process.env['ZONEWATCH_DATA'] ?? './data')
  .action(rebuildStates);

program
  .command('demo')
  .description('start the service on the Astana sample and show what arrives')
  .option('--pace <events a second>', 'how fast the sample is fed; 0 is as fast as it goes', '8')
  .option('--data <folder>', 'the data folder', process.env['ZONEWATCH_DATA'] ?? './data')
  .option('--once', 'stop when the sample has been shown')
  .action(demo);

program.exitOverride();
try {
  await program.parseAsync();
} catch (error) {
  const { code, exitCode, message } = error as { code?: string; exitCode?: number; message: string };
  const fromCommander = code?.startsWith('commander.');
  if (!fromCommander) console.error(`zonewatch: ${message}`);
  // 2 is wrong use, 1 that something did not hold.
  process.exitCode = fromCommander ? (exitCode === 0 ? 0 : 2) : 1;
}
