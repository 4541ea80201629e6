#!/usr/bin/env node
import { Command, InvalidArgumentError } from 'commander';
import type { BackupCommand } from './cli/backup.js';
import type { ConformanceOptions } from './cli/conformance.js';
import type { DemoOptions } from './cli/demo.js';
import type { DiffCommand } from './cli/diff.js';
import type { ExportCommand } from './cli/export.js';
import type { ImportCommand } from './cli/import.js';
import type { KeysOptions, MakeOptions } from './cli/keys.js';
import type { ReplayCommand } from './cli/replay.js';
import type { RestoreCommand } from './cli/restore.js';
import type { TailOptions } from './cli/tail.js';
import type { VerifyCommand } from './cli/verify.js';
import { VERSION } from './version.js';

/** The exit code where something was asked for that makes no sense, or could not be done. */
const WRONG_USE = 2;

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

const keys = program
  .command('keys')
  .description('look after the API keys of a data folder, whether its service runs or not')
  .option('--data <folder>', 'the data folder', folder)
  .option('--json', 'the result as JSON');
const keysCommand = async () => (await import('./cli/keys.js')).keysCommand(keys.opts<KeysOptions>());
keys
  .command('list', { isDefault: true })
  .description('every key that there ever was; a key itself is never shown again')
  .action(async () => (await keysCommand()).list());
keys
  .command('make')
  .alias('add')
  .description('make a key, and show it this once')
  .argument('<name>', 'who uses it: what they record is recorded by this name')
  .requiredOption('--roles <roles>', 'what they may do: recorder, subscriber, auditor, admin', list)
  .option('--expires <instant>', 'when it ends: 2027-01-31T12:00:00Z')
  .action(async (name: string, options: MakeOptions) => (await keysCommand()).make(name, options));
keys
  .command('expire')
  .description('let a key end at an instant')
  .argument('<id>', 'its id, as the list has it')
  .argument('<instant>', 'when: 2027-01-31T12:00:00Z')
  .action(async (id: string, at: string) => (await keysCommand()).expire(id, at));
keys
  .command('revoke')
  .description('end a key now and for good; its sockets are closed within a second')
  .argument('<id>', 'its id, as the list has it')
  .action(async (id: string) => (await keysCommand()).revoke(id));

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

const VKEY = ['--vkey <key>', 'a verifier key of the log that you trust, again for each'] as const;
const again = (value: string, before: string[] = []) => [...before, value];

/** What every command of an auditor takes. */
const audit = (name: string, json = 'the result as JSON') =>
  program
    .command(name)
    .option('--token <token>', 'a key of the service; the default is ZONEWATCH_TOKEN')
    .option(...VKEY, again)
    .option('--policy <file>', 'a C2SP tlog-policy: the keys of logs and witnesses that you trust, and how many witnesses it takes')
    .option('--json', json);
const PLACE = 'a data folder, the folder of an export, a backup, or the address of a service';

audit('verify')
  .description('see whether a record is, event for event, what was signed, and all that is shown follows from it')
  .argument('[place]', PLACE, folder)
  .option('--checkpoint <file>', 'an earlier checkpoint, that the record must go on from')
  .option('--hashes-only', 'only whether the events are those that were signed')
  .action(async (place: string, options: VerifyCommand) => (await import('./cli/verify.js')).verifyRecord(place, options));

audit('export')
  .description('write a record to a folder that verifies by itself')
  .argument('<new folder>', 'where to; it may not be there yet')
  .option('--from <place>', PLACE, folder)
  .action(async (to: string, options: ExportCommand) => (await import('./cli/export.js')).exportRecord(to, options));

audit('import')
  .description('fill the empty record of a stopped service with the events of another, byte for byte')
  .argument('<place>', PLACE)
  .option('--data <folder>', 'the data folder to fill', folder)
  .action(async (place: string, options: ImportCommand) => (await import('./cli/import.js')).importRecord(place, options));

audit('replay', 'a line of JSON for each event, or each state')
  .description('step through a record: each event, and what it changed; or the states at one place in it')
  .argument('[place]', PLACE, folder)
  .option('--subject <streams>', 'only what happened to these', list)
  .option('--from <sequence>', 'begin with this event')
  .option('--to <sequence>', 'end with this event')
  .option('--as-of <date>', 'the states as of then: what had happened, a date or an instant')
  .option('--at-sequence <sequence>', 'the states as the record held them at this event')
  .option('--known-at <instant>', 'the states as the record held them then')
  .option('--speed <events a second>', 'how fast; without it as fast as it goes')
  .action(async (place: string, options: ReplayCommand) => (await import('./cli/replay.js')).replayPlace(place, options));

audit('diff')
  .description('see whether one record, or one checkpoint, goes on from another')
  .argument('<a>', `${PLACE}, or a file with a checkpoint`)
  .argument('<b>', 'the other')
  .option('--log <place>', 'a record that has the events of both, where they are checkpoints of different sizes')
  .action(async (a: string, b: string, options: DiffCommand) => (await import('./cli/diff.js')).diffRecords(a, b, options));

program
  .command('backup')
  .description('copy the record to one file as it stands, whether its service runs or not, and verify it')
  .argument('<file>', 'where to; it may not be there yet')
  .option('--data <folder>', 'the data folder', folder)
  .option('--json', 'the result as JSON')
  .action(async (file: string, options: BackupCommand) => (await import('./cli/backup.js')).backUp(file, options));

program
  .command('restore')
  .description('make a backup the record of a stopped service that has none, with a new epoch')
  .argument('<file>', 'what `zonewatch backup` has made')
  .option('--data <folder>', 'the data folder to fill', folder)
  .option(...VKEY, again)
  .option('--json', 'the result as JSON')
  .action(async (file: string, options: RestoreCommand) => (await import('./cli/restore.js')).restore(file, options));

// Whoever reads only the head of what is printed (`| head`) has what they want, and what was found by then stays found.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? (process.exitCode ?? 0) : WRONG_USE));

try {
  await program.parseAsync();
} catch (error) {
  const { code, exitCode, message } = error as { code?: string; exitCode?: number; message: string };
  const fromCommander = code?.startsWith('commander.');
  if (!fromCommander) console.error(`zonewatch: ${message}`);
  // That something does not hold (1) is told by what was looked at. Where nothing could be looked at, nothing can be said of it.
  process.exitCode = fromCommander && exitCode === 0 ? 0 : WRONG_USE;
}
