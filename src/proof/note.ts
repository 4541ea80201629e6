import { isName, type Signature, type Verifier } from './note-keys.js';
import { ProofError } from './proof-error.js';

/** A C2SP signed note: a text that ends in a newline, a blank line, and a line for each signature. */
export interface Note {
  text: string;
  /** Those that were asked for and hold. What a stranger's line says was not looked at, and is not handed on. */
  signatures: Signature[];
}

/** Go reads no more, and the format asks for 16 at least. */
const MAX_SIGNATURES = 100;

const ID_BYTES = 4;

/** What is no digit of base64. The bits left over in the last digit are not looked at: Go takes any, so a stranger's line may have them. */
const NO_DIGIT = /[^A-Za-z0-9+/]/;

/** Any but the newline: they may not stand in a note. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\0-\x09\x0b-\x1f]/;

/** Writes a note. Of several signatures by one key the last is written: a witness signs the same note again with a newer time. */
export function formatNote(text: string, signatures: Iterable<Signature>): string {
  if (!text.endsWith('\n') || CONTROL.test(text)) throw malformed('a text of lines, each with its newline');
  const lines = new Map<string, string>();
  for (const { by, bytes } of signatures) {
    const field = Buffer.concat([Buffer.from(by.id, 'hex'), bytes]).toString('base64');
    lines.set(by.vkey, `\u2014 ${by.name} ${field}\n`);
  }
  return `${text}\n${[...lines.values()].join('')}`;
}

/**
 * Opens a note with the keys that its reader trusts. Lines by other keys are passed over; one by a known key that does not hold makes the
 * whole note invalid, and so does a note without a known one. It takes bytes, since what was signed is bytes.
 */
export function openNote(note: Buffer, verifiers: readonly Verifier[]): Note {
  const { text, lines } = split(decode(note));
  const signatures = new Map<Verifier, Signature>();
  for (const { name, id, bytes } of lines.map(parseLine)) {
    const [verifier, another] = verifiers.filter((known) => known.name === name && known.id === id);
    if (another) throw new ProofError('ambiguous-key', `the key ${name}+${id} is given twice`);
    if (!verifier || signatures.has(verifier)) continue;
    const signature = verifier.verify(text, bytes);
    if (!signature) throw new ProofError('invalid-signature', `the signature by ${name}+${id} is not one of this text`);
    signatures.set(verifier, signature);
  }
  if (signatures.size === 0) throw new ProofError('no-known-signature', 'no key that is trusted here has signed this note');
  return { text, signatures: [...signatures.values()] };
}

/** A byte order mark stays: without it the text would not be what was signed. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(note: Buffer): string {
  try {
    return utf8.decode(note);
  } catch {
    throw malformed('UTF-8');
  }
}

/** The text may have blank lines of its own: the last one divides. */
function split(note: string): { text: string; lines: string[] } {
  const blank = note.lastIndexOf('\n\n');
  if (blank < 0 || !note.endsWith('\n') || CONTROL.test(note)) throw malformed('lines: a text, a blank line, signatures');
  const lines = note.slice(blank + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) throw malformed(`signed at most ${MAX_SIGNATURES} times`);
  return { text: note.slice(0, blank + 1), lines };
}

/** How a line of a signature begins. */
const MARK = '\u2014 ';

function parseLine(line: string): { name: string; id: string; bytes: Buffer } {
  // Cut by hand: a line from outside may be longer than a regular expression can go back.
  const space = line.indexOf(' ', MARK.length);
  const name = line.slice(MARK.length, space);
  const encoded = line.slice(space + 1);
  const isBase64 = encoded.length % 4 === 0 && !NO_DIGIT.test(encoded.replace(/={1,2}$/, ''));
  const field = Buffer.from(isBase64 ? encoded : '', 'base64');
  if (!line.startsWith(MARK) || space < 0 || !isName(name) || field.length <= ID_BYTES)
    throw malformed('signed in lines of \u2014, a name and base64');
  return { name, id: field.toString('hex', 0, ID_BYTES), bytes: field.subarray(ID_BYTES) };
}

function malformed(what: string): ProofError {
  return new ProofError('malformed-note', `a note is ${what}`);
}
