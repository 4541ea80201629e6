import { canonical } from '../../src/event/canonical.js';
import type { Json } from '../../src/event/event.js';
import { exist, type Desk } from '../support/desk.js';

type Fields = Record<string, Json>;

/** A story in which each kind of event that is spoilt below has its place, known by its type or its key. */
export async function tellOfAll(desk: Desk): Promise<void> {
  const en = { en: 'a text', ar: 'نص' };
  await desk.given(
    ...exist('party-russia', 'party-iran', 'statement-one', 'zone-idlib', 'talks-astana', 'agreement-memo'),
    ['deployments/report', { id: 'posts', party: 'party-russia', zone: 'zone-idlib', force: 'police', strength: { min: 4, max: 6 }, occurred: '2017-07' }],
    ['statements/make', { id: 'anon', speaker: { role: en }, attribution: 'anonymous', lang: 'en', text: en, stances: [{ on: 'zone-idlib', stance: 'supports' }], occurred: '2017-07-05' }],
    ['zones/name-role idlib', { party: 'party-iran', role: 'guarantor', status: 'proposed', occurred: '2017-07-04' }],
    ['zones/report-incident idlib', { incident: 'clash', text: en, by: ['party-russia'], accordingTo: ['statement-one'], confidence: 'low', occurred: '2017-07-05' }, { key: 'first' }],
    ['zones/report-incident idlib', { incident: 'strike', text: en, occurred: '2017-07-06' }, { key: 'second' }],
    ['deployments/start posts', { occurred: '2017-08' }],
  ); // prettier-ignore
  const [role, incident] = ['zone-idlib@1', 'zone-idlib@2'];
  await desk.given([`events/correct ${incident}`, { changes: { occurred: '2017-07-04' }, reason: en }]);
  await desk.given([`events/dispute ${role}`, { claim: { status: 'accepted' }, reason: en, sources: [{ publisher: 'SANA' }] }]);
  await desk.given([`events/corroborate ${role}`, { sources: [{ publisher: 'AFP' }] }]);
  await desk.given(['events/retract zone-idlib@5', { reason: en }]);
  await desk.given(['events/retract zone-idlib@3', { reason: en }]);
}

/** One way to spoil a record: the event that is spoilt, what is done to it, and what the refusal says. */
export interface Spoiling {
  name: string;
  /** The type of the event, or its key. */
  of: string;
  spoil(entry: Buffer, all: readonly Buffer[]): Buffer;
  says: RegExp;
}

type Change = (event: any, all: any[]) => unknown; // eslint-disable-line typescript/no-explicit-any -- what is spoilt has no type

/** An event that says something else, in canonical bytes. */
function says(name: string, of: string, change: Change, refused: RegExp): Spoiling {
  const spoil = (entry: Buffer, all: readonly Buffer[]) => {
    const event = JSON.parse(entry.toString()) as Fields;
    change(
      event,
      all.map((one) => JSON.parse(one.toString()) as Fields),
    );
    return Buffer.from(canonical(event));
  };
  return { name, of, spoil, says: refused };
}

/** Bytes that are none of an event. */
function bytes(name: string, spoil: (text: string, entry: Buffer) => string | Buffer, refused: RegExp): Spoiling {
  return { name, of: 'first', spoil: (entry) => Buffer.from(spoil(entry.toString(), entry) as string), says: refused };
}

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

/** Kinds of spoilt events. */
export const SPOILT: readonly Spoiling[] = [
  bytes('no bytes', () => '', /not JSON/),
  bytes('bytes that are no UTF-8', (_, entry) => Buffer.concat([entry.subarray(0, 40), Buffer.of(0xff), entry.subarray(40)]), /not UTF-8/),
  bytes('an overlong NUL', (_, entry) => Buffer.concat([entry.subarray(0, 40), Buffer.of(0xc0, 0x80), entry.subarray(40)]), /not UTF-8/),
  bytes('bytes that are no JSON', (text) => text.slice(0, -1), /not JSON/),
  bytes('two events in one', (text) => text + text, /not JSON/),
  bytes('a byte order mark', (text) => `\ufeff${text}`, /canonical/),
  bytes('a newline behind', (text) => `${text}\n`, /canonical/),
  bytes('a blank inside', (text) => text.replace(',"type"', ', "type"'), /canonical/),
  bytes('a field twice', (text) => text.replace('"type"', '"type":"ZoneReported","type"'), /canonical/),
  bytes('fields in another order', (text) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text) as object).reverse())), /canonical/),
  bytes('an escape where none is needed', (text) => text.replace('clash', '\\u0063lash'), /canonical/),
  bytes('a number written otherwise', (text) => text.replace('"version":1', '"version":1.0'), /canonical/),
  bytes('a list', () => '[]', /JSON object/),
  bytes('null', () => 'null', /JSON object/),
  bytes('a list without end', () => nested(30_000), /JSON object|not JSON/),
  bytes('more bytes than an event has', (text) => text.padEnd(65_536), /has \d+ bytes; at most 65535/),
  says('a field that no event has', 'first', (event) => (event.verified = true), /"verified" is not a field/),
  bytes('a prototype', (text) => text.replace('{', '{"__proto__":{"type":"ZoneReported"},'), /"__proto__" is not a field/),
  ...['sequence', 'id', 'stream', 'revision', 'type', 'version', 'recordedAt', 'recordedBy', 'sources', 'about', 'data'].map((field) =>
    says(`no ${field}`, 'first', (event) => delete event[field], new RegExp(`${field} is missing`)),
  ),
  says('a later sequence', 'first', (event) => event.sequence++, /sequence is 11, and 10 comes next/),
  says('an earlier sequence', 'first', (event) => event.sequence--, /sequence is 9, and 10 comes next/),
  says('a sequence that is no whole number', 'first', (event) => (event.sequence = 1e20), /sequence must be a whole number/),
  says('a later revision', 'first', (event) => event.revision++, /revision is 3, and 2 comes next in zone-idlib/),
  says('a revision again', 'first', (event) => event.revision--, /revision is 1, and 2 comes next/),
  says('a revision below nothing', 'first', (event) => (event.revision = -1), /revision must be/),
  says('an id that is none', 'first', (event) => (event.id = 'e1'), /id must be a UUIDv7/),
  says('an id of another version', 'first', (event) => (event.id = event.id.replace(/^(.{14})7/, '$14')), /id must be a UUIDv7/),
  says('an id in upper case', 'first', (event) => (event.id = event.id.toUpperCase()), /id must be a UUIDv7/),
  says('an id that is used', 'first', (event, all) => (event.id = all[0].id), /id is that of event 1 already/),
  says('a stream of no kind', 'first', (event) => (event.stream = 'army-idlib'), /stream must be <kind>-<id>/),
  says('a stream with a path', 'first', (event) => (event.stream = 'zone-../idlib'), /stream must be/),
  says('a stream of another kind', 'first', (event) => Object.assign(event, { stream: 'talks-astana', revision: 1 }), /type is ZoneIncidentReported, which no event of a talks is/),
  says('a subject that nobody has reported', 'first', (event) => Object.assign(event, { stream: 'zone-homs', revision: 0 }), /there is no zone-homs/),
  says('a subject that is there already', 'ZoneReported', (event) => Object.assign(event, { stream: 'party-iran', revision: 1 }), /type is ZoneReported/),
  says('a creation again', 'second', (event) => Object.assign(event, { type: 'ZoneReported', data: { name: { en: 'Idlib' } } }), /zone-idlib exists already/),
  says('a type that there is none of', 'first', (event) => (event.type = 'ZoneBombed'), /type must be a type that this release knows/),
  says('a type that every object has', 'first', (event) => (event.type = 'constructor'), /type must be/),
  says('a type that other data belongs to', 'first', (event) => (event.type = 'ZoneSuspended'), /incident is not a field/),
  says('an amendment as a fact', 'EventCorrected', (event) => (event.type = 'ZoneSuspended'), /what is no amendment amends nothing/),
  says('a version that is to come', 'first', (event) => (event.version = 2), /version is 2, and what the event says makes it 1/),
  says('a version of no number', 'first', (event) => (event.version = '1'), /version must be/),
  says('no date', 'first', (event) => delete event.occurred, /occurred/),
  says('a date that is none', 'first', (event) => (event.occurred = '2017-13-45'), /occurred \(edtf\)/),
  says('a date of no text', 'first', (event) => (event.occurred = 2017), /occurred \(edtf\)/),
  says('a date that was to come', 'first', (event) => (event.occurred = '2019-01-04'), /occurred \(not-ahead\)/),
  says('a stamp in another form', 'first', (event) => (event.recordedAt = '2019-01-01T00:00:00Z'), /recordedAt must be/),
  says('a stamp of no day', 'first', (event) => (event.recordedAt = '2019-02-30T00:00:00.000Z'), /recordedAt must be/),
  says('a stamp of another zone', 'first', (event) => (event.recordedAt = '2019-01-01T03:00:00.000+03:00'), /recordedAt must be/),
  says('a stamp before the one before', 'first', (event) => (event.recordedAt = '2018-12-31T23:59:59.999Z'), /recordedAt is .* before/),
  says('nobody who recorded it', 'first', (event) => (event.recordedBy = ''), /recordedBy must be/),
  says('a lone surrogate in who recorded it', 'first', (event) => (event.recordedBy = 'a\ud800'), /recordedBy must be/),
  says('a list of who recorded it', 'first', (event) => (event.recordedBy = ['admin']), /recordedBy must be/),
  says('a key that is used', 'second', (event) => (event.commandKey = 'first'), /commandKey is that of event 10 already/),
  says('a key that is none', 'second', (event) => (event.commandKey = 'a key'), /commandKey \(key\)/),
  says('a key of no text', 'second', (event) => (event.commandKey = 5), /commandKey must be a text/),
  says('no source', 'first', (event) => (event.sources = []), /sources/),
  says('sources that are no list', 'first', (event) => (event.sources = { publisher: 'TASS' }), /sources must be a list/),
  says('a source without a publisher', 'first', (event) => (event.sources = [{ title: 'News' }]), /publisher/),
  says('a source with a field that none has', 'first', (event) => (event.sources[0].trusted = true), /trusted is not a field/),
  says('a source at no address', 'first', (event) => (event.sources[0].url = 'javascript:alert(1)'), /url/),
  says('a confidence that there is none of', 'first', (event) => (event.confidence = 'certain'), /confidence \(one-of\)/),
  says('a confidence of null', 'first', (event) => (event.confidence = null), /confidence/),
  says('a statement that nobody made', 'first', (event) => (event.accordingTo = ['statement-two']), /there is no statement-two/),
  says('a party that nobody entered', 'first', (event) => (event.data.by = ['party-usa']), /there is no party-usa/),
  says('a subject of a later event', 'DeploymentReported', (event) => (event.data.basis = 'agreement-later'), /there is no agreement-later/),
  says('one statement less that it rests on', 'first', (event) => delete event.accordingTo, /about is .*statement-one/),
  says('a stance on an event that is not there', 'anon', (event) => (event.data.stances[0].on = 'zone-idlib@7'), /there is no zone-idlib@7/),
  says('a subject of another kind', 'first', (event) => (event.data.by = ['zone-idlib']), /by \(reference\)/),
  says('data that its type has not', 'first', (event) => (event.data.casualties = 5), /casualties is not a field/),
  says('data that are no object', 'first', (event) => (event.data = []), /data must be an object/),
  says('data that are missing', 'first', (event) => delete event.data.text, /text/),
  says('data with an enum of nothing', 'first', (event) => (event.data.incident = 'massacre'), /incident \(one-of\)/),
  says('a text in no language', 'first', (event) => (event.data.text = { xx_yy_zz_1: 'a' }), /text \(localized\)/),
  says('a lone surrogate in a text', 'first', (event) => (event.data.text.en = 'a\udc00b'), /lone surrogate/),
  says('the date among the data', 'first', (event) => Object.assign(event, { data: { ...event.data, occurred: '2017-07-05' } }), /data is/),
  says('the sources among the data', 'first', (event) => Object.assign(event, { data: { ...event.data, sources: event.sources }, sources: [] }), /data is|sources is/),
  says('an id among the data', 'ZoneReported', (event) => (event.data.id = 'idlib'), /data is/),
  says('a number that readers round', 'DeploymentReported', (event) => (event.data.strength = 2 ** 53), /strength|2\^53/),
  says('a range upside down', 'DeploymentReported', (event) => (event.data.strength = { min: 6, max: 4 }), /strength \(quantity\)/),
  says('a subject less that it is about', 'first', (event) => event.about.pop(), /about is/),
  says('a subject more that it is about', 'first', (event) => event.about.push('zone-other'), /about is/),
  says('the subjects in another order', 'first', (event) => event.about.reverse(), /about is/),
  says('a subject twice', 'first', (event) => event.about.push(event.about.at(-1)), /about is/),
  says('what its state adds left out', 'DeploymentStarted', (event) => (event.about = ['deployment-posts']), /about is \["deployment-posts"\], and what the event says makes it/),
  says('an about that is no list', 'first', (event) => (event.about = 'zone-idlib'), /about must be a list/),
  bytes('an about without end', (text) => text.replace(/"about":\[[^\]]*\]/, `"about":${nested(30_000)}`), /about must be a list|not JSON/),
  bytes('data without end', (text) => text.replace(/"data":\{/, `"data":{"place":${nested(30_000)},`), /nested at most|not JSON/),
  says('the name of an anonymous speaker', 'anon', (event) => (event.data.speaker.name = { en: 'A Name' }), /the speaker of an anonymous statement/),
  says('the party of an anonymous speaker', 'anon', (event) => (event.data.speaker.party = 'party-iran'), /the speaker of an anonymous statement/),
  says('an amendment that aims at nothing', 'EventCorrected', (event) => delete event.corrects, /an amendment names one event/),
  says('an amendment that aims at two', 'EventCorrected', (event) => (event.retracts = event.corrects), /an amendment names one event/),
  says('an amendment that aims in another way', 'EventCorrected', (event) => Object.assign(event, { retracts: event.corrects, corrects: undefined }), /retracts is|corrects is/),
  says('an aim that is not there', 'EventCorrected', (event) => (event.corrects = event.corrects.replace(/.$/, (c: string) => (c === '0' ? '1' : '0'))), /does not come before/),
  says('an aim at itself', 'EventCorrected', (event) => (event.corrects = event.id), /does not come before/),
  says('an aim by its place', 'EventCorrected', (event) => (event.corrects = 'zone-idlib@2'), /corrects must be a UUIDv7/),
  says('an aim of another stream', 'EventCorrected', (event, all) => (event.corrects = all[0].id), /stream is/),
  says('a correction of an amendment', 'EventDisputed', (event, all) => (event.disputes = all.find(({ type }) => type === 'EventCorrected').id), /dispute aims at what was reported/),
  says('a correction that breaks its fact', 'EventCorrected', (event) => (event.data.changes = { incident: 'massacre' }), /changes\.incident/),
  says('a correction to nothing', 'EventCorrected', (event) => (event.data.changes = {}), /changes/),
  says('a correction to what holds', 'EventCorrected', (event) => (event.data.changes = { occurred: '2017-07-05' }), /only what already holds/),
  says('a correction that names what is not there', 'EventCorrected', (event) => (event.data.changes = { by: ['party-usa'] }), /there is no party-usa/),
  says('a correction to a day to come', 'EventCorrected', (event) => (event.data.changes = { occurred: '2030' }), /changes\.occurred \(not-ahead\)/),
  says('an amendment without a reason', 'EventRetracted', (event) => delete event.data.reason, /reason/),
  says('a claim that holds already', 'EventDisputed', (event) => (event.data.claim = { status: 'proposed' }), /only what already holds/),
  says('a corroboration by the same source', 'EventCorroborated', (event, all) => (event.sources = all.find(({ id }) => id === event.corroborates).sources), /says nothing that .* does not say/),
  says('a corroboration that says something', 'EventCorroborated', (event) => (event.data = { reason: { en: 'a' } }), /reason is not a field/),
]; // prettier-ignore
