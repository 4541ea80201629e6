import { addressOf } from '../body/address.js';
import { readDecimal } from './encoding.js';
import { LOG_KEY, WITNESS_KEY, parseVkey, type Signature, type Verifier } from './note-keys.js';
import { ProofError } from './proof-error.js';

/** Whom its reader trusts, as a C2SP `tlog-policy` says it: these logs, and these witnesses where enough of them have cosigned. */
export interface Policy {
  logs: readonly { key: Verifier; url?: string }[];
  witnesses: readonly PolicyWitness[];
  /** What must have witnessed a checkpoint. Undefined where none need to: `quorum none`. */
  quorum: Member | undefined;
}

/** Trusts nobody in particular. */
export const NO_WITNESSES: Policy = { logs: [], witnesses: [], quorum: undefined };

/** A checkpoint is submitted to `<url>/add-checkpoint`. No slash ends the url. */
export interface PolicyWitness {
  name: string;
  key: Verifier;
  url?: string;
}

/** Has witnessed what at least `threshold` of its members have. */
export interface Group {
  name: string;
  threshold: number;
  members: readonly Member[];
}

export type Member = PolicyWitness | Group;

/** What a policy has at most. */
export const MAX_POLICY_BYTES = 65_536;

/** The format asks for 32 of a kind at least. More signatures than two kinds of 48 a note may not have. */
const MAX_OF_A_KIND = 48;

/** No octet of the format. A carriage return is none either: it would become part of a name. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\0-\x08\x0b-\x1f\x7f]/;

/** Reads a policy. Throws `malformed-policy`, with the line at fault and the rule that it breaks. */
export function parsePolicy(policy: Buffer): Policy {
  if (policy.length > MAX_POLICY_BYTES) throw broken(`a policy has at most ${MAX_POLICY_BYTES} bytes`);
  // Octet by octet: names are compared as they stand, and a comment may be in any encoding.
  const lines = policy.toString('latin1').split('\n');
  const reading: Reading = { logs: [], witnesses: [], groups: 0, defined: new Map(), members: new Set(), quorum: [] };
  lines.forEach((line, at) => {
    try {
      // What is cut short may ask for less: `quorum both` is `quorum bo`.
      if (at === lines.length - 1 && line !== '') throw broken('a line ends in a newline');
      readLine(reading, line);
    } catch (error) {
      if (error instanceof ProofError) throw broken(`line ${at + 1}: ${error.message}`);
      throw error;
    }
  });
  const { logs, witnesses, quorum } = reading;
  if (quorum.length === 0) throw broken('a policy has a quorum line');
  return { logs, witnesses, quorum: quorum[0] };
}

/** Whether these signatures, each verified, are enough. Those by others than the policy's witnesses don't count. */
export function isSatisfied({ quorum }: Policy, cosignatures: readonly Signature[]): boolean {
  return !quorum || hasWitnessed(quorum, vkeysOf(cosignatures));
}

/** Why these signatures are not enough, a sentence for each group that lacks some, from the quorum down; none where they are. */
export function missing({ quorum }: Policy, cosignatures: readonly Signature[]): string[] {
  return quorum ? lacks(quorum, vkeysOf(cosignatures)) : [];
}

interface Reading {
  logs: { key: Verifier; url?: string }[];
  witnesses: PolicyWitness[];
  groups: number;
  /** By name, octet by octet. */
  defined: Map<string, Member>;
  /** What is a member already. A second time it would count twice. */
  members: Set<Member>;
  quorum: (Member | undefined)[];
}

function readLine(reading: Reading, line: string): void {
  if (CONTROL.test(line)) throw broken('a policy has no control characters but tab and newline');
  const [keyword, ...items] = line.split(/[ \t]+/).filter((item) => item !== '');
  if (keyword === undefined || keyword.startsWith('#')) return;
  if (keyword === 'log') readLog(reading, items);
  else if (keyword === 'witness') readWitness(reading, items);
  else if (keyword === 'group') readGroup(reading, items);
  else if (keyword === 'quorum') readQuorum(reading, items);
  else throw broken('a line begins with log, witness, group or quorum');
}

function readLog({ logs }: Reading, [vkey, url, ...rest]: string[]): void {
  if (vkey === undefined || rest.length > 0) throw broken('log <vkey> [<url>]');
  const key = readKey(vkey, LOG_KEY, logs);
  logs.push({ key, ...readUrl(url) });
}

function readWitness(reading: Reading, [name, vkey, url, ...rest]: string[]): void {
  if (name === undefined || vkey === undefined || rest.length > 0) throw broken('witness <name> <vkey> [<url>]');
  const witness = { name: utf8(name), key: readKey(vkey, WITNESS_KEY, reading.witnesses), ...readUrl(url) };
  define(reading, name, witness);
  reading.witnesses.push(witness);
}

function readGroup(reading: Reading, [name, count, ...names]: string[]): void {
  if (name === undefined || count === undefined || names.length === 0) throw broken('group <name> <all, any or a number> <name>...');
  if (++reading.groups > MAX_OF_A_KIND) throw broken(`at most ${MAX_OF_A_KIND} groups`);
  const threshold = count === 'all' ? names.length : count === 'any' ? 1 : readDecimal(count);
  if (!threshold || threshold > names.length) throw broken(`a group needs 1 to ${names.length} of its ${names.length} members`);
  const members = names.map((member) => memberOf(reading, member));
  for (const member of members) {
    if (reading.members.has(member)) throw broken('a name is a member once, of one group');
    reading.members.add(member);
  }
  define(reading, name, { name: utf8(name), threshold, members });
}

function readQuorum(reading: Reading, [name, ...rest]: string[]): void {
  if (name === undefined || rest.length > 0) throw broken('quorum <name or none>');
  if (reading.quorum.length > 0) throw broken('a policy has one quorum line');
  reading.quorum.push(name === 'none' ? undefined : memberOf(reading, name));
}

function define({ defined }: Reading, name: string, member: Member): void {
  if (name === 'none') throw broken('none is no name');
  if (defined.has(name)) throw broken('a name is defined once');
  defined.set(name, member);
}

function memberOf({ defined }: Reading, name: string): Member {
  const member = defined.get(name);
  if (!member) throw broken('a name is that of a witness or a group in a line before');
  return member;
}

function readKey(vkey: string, type: Verifier['type'], others: readonly { key: Verifier }[]): Verifier {
  const key = parseVkey(utf8(vkey));
  if (key.type !== type) throw broken(type === LOG_KEY ? 'a log has a key of type 1' : 'a witness has a key of type 4');
  if (others.some((other) => encodedKey(other.key) === encodedKey(key))) throw broken('a key stands in one line, under whatever name');
  if (others.length === MAX_OF_A_KIND) throw broken(`at most ${MAX_OF_A_KIND} logs and ${MAX_OF_A_KIND} witnesses`);
  return key;
}

/** What follows the name and the id. */
function encodedKey({ name, vkey }: Verifier): string {
  return vkey.slice(name.length + '+01234567+'.length);
}

/** An address that a path can be put behind. */
function readUrl(octets: string | undefined): { url?: string } {
  if (octets === undefined) return {};
  const text = utf8(octets);
  const url = addressOf(text);
  const isPrefix = url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !/[?#]/.test(text);
  if (!isPrefix) throw broken('an address is http or https, without a password, a query or a fragment');
  return { url: url.href.replace(/\/$/, '') };
}

function utf8(octets: string): string {
  const bytes = Buffer.from(octets, 'latin1');
  const text = bytes.toString();
  if (!Buffer.from(text).equals(bytes)) throw broken('names, keys and addresses are UTF-8');
  return text;
}

function vkeysOf(cosignatures: readonly Signature[]): Set<string> {
  return new Set(cosignatures.map(({ by }) => by.vkey));
}

function hasWitnessed(member: Member, vkeys: ReadonlySet<string>): boolean {
  if ('key' in member) return vkeys.has(member.key.vkey);
  return member.members.filter((one) => hasWitnessed(one, vkeys)).length >= member.threshold;
}

function lacks(member: Member, vkeys: ReadonlySet<string>): string[] {
  if (hasWitnessed(member, vkeys)) return [];
  if ('key' in member) return [`the witness ${member.name} has not cosigned`];
  const without = member.members.filter((one) => !hasWitnessed(one, vkeys));
  const has = member.members.length - without.length;
  const names = without.map(({ name }) => name).join(', ');
  const groups = without.filter((one) => 'members' in one);
  return [`${member.name} has ${has} of ${member.threshold}, without ${names}`, ...groups.flatMap((group) => lacks(group, vkeys))];
}

function broken(rule: string): ProofError {
  return new ProofError('malformed-policy', rule);
}
