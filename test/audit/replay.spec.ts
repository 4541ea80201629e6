import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FindingError, WrongUse } from '../../src/audit/finding.js';
import { replay, statesAt, type ReplayOptions, type StatesOptions, type Step } from '../../src/audit/replay.js';
import type { Source } from '../../src/audit/source.js';
import { Commands } from '../../src/decider/commands.js';
import { canonical } from '../../src/event/canonical.js';
import type { Json, RecordedEvent } from '../../src/event/event.js';
import { KINDS } from '../../src/event/subject.js';
import { parseVkey } from '../../src/proof/note-keys.js';
import type { State } from '../../src/folding/state.js';
import { openRecord, type OpenRecord } from '../../src/record/record.js';
import type { Standpoint } from '../../src/record/record-reader.js';
import { rounds } from '../record/rounds.js';
import { tellSample } from '../record/told.js';
import { entriesOf, signed, sourceOf } from './signed-entries.js';
import { tellStory } from './story.js';

const NOW = Date.UTC(2017, 6, 5);
const SEEDS = Array.from({ length: rounds(2) }, (_, at) => at + 1);
const COMMANDS = 150;
const PLACES = ['id', 'stream', 'revision', 'sequence', 'because'];

describe('a replay', () => {
  const folders: string[] = [];
  const open: OpenRecord[] = [];
  const opened = () => {
    const folder = mkdtempSync(join(tmpdir(), 'zonewatch-told-'));
    folders.push(folder);
    const record = openRecord(folder);
    open.push(record);
    return record;
  };
  afterEach(() => expect(scratches()).toEqual([]));
  afterAll(async () => {
    for (const record of open) await record.close();
    for (const folder of folders) rmSync(folder, { recursive: true });
  });
  /** Folders that a replay has left behind. Those of other processes may be at work. */
  const scratches = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`zonewatch-replay-${process.pid}-`));

  let told: Promise<OpenRecord> | undefined;
  /** Nobody writes to it any more. */
  const sample = () => (told ??= newSample());
  const newSample = async () => {
    const record = opened();
    await tellSample(record);
    return record;
  };
  const story = async (seed: number) => {
    const record = opened();
    await tellStory(record, seed, COMMANDS);
    return record;
  };
  const stepsOf = async (source: Source, options: ReplayOptions = {}) => {
    const steps: Step[] = [];
    for await (const step of replay(source, { now: NOW, ...options })) steps.push(step);
    return steps;
  };
  const statesOf = async (source: Source, options: StatesOptions = {}) => {
    const states: State[] = [];
    for await (const state of statesAt(source, { now: NOW, ...options })) states.push(state);
    return states;
  };
  const sourceOfRecord = (record: OpenRecord) => sourceOf(entriesOf(record));
  const served = <T>(state: T): T => JSON.parse(JSON.stringify(state)) as T;
  const reads = async ({ reader }: OpenRecord, from: Standpoint) => {
    const states: State[] = [];
    for (const kind of KINDS) for await (const state of reader.states(kind, { fields: {} }, from)) states.push(served(state));
    return states.sort((a, b) => (a.stream < b.stream ? -1 : 1));
  };
  /** Every step of a replay shows what the service shows at its sequence, and its fields lead from one state to the next. */
  const holds = (record: OpenRecord, steps: readonly Step[], asOf?: number) => {
    const known = new Map<string, State>();
    for (const { event, changes } of steps) {
      for (const { stream, state, changes: fields } of changes) {
        const read = record.reader.state(stream, { at: event.sequence, now: NOW, asOf });
        expect(state).toEqual(read && served(read));
        const before = known.get(stream);
        const changed = new Map(fields.map((change) => [change.field, change]));
        for (const field of new Set([...Object.keys(before ?? {}), ...Object.keys(state ?? {})])) {
          if (PLACES.includes(field)) continue;
          const [was, is] = [before?.[field], state?.[field]] as (Json | undefined)[];
          const change = changed.get(field);
          if (change) expect([change.before, change.after]).toEqual([was, is]);
          else if (before && state) expect(is).toEqual(was);
        }
        if (state) known.set(stream, state);
        else known.delete(stream);
      }
    }
    return known;
  };

  test('shows nothing that those whom the auditor trusts do not vouch for', async () => {
    const entries = entriesOf(await sample());
    const { note, vkey } = signed(entries);
    const source = sourceOf(entries, { note, vkey });
    const another = { keys: [parseVkey(signed([]).vkey)] };
    const unseen = { keys: [parseVkey(vkey)], quorum: () => ['the witness w has not cosigned'] };
    for (const [trust, code] of [
      [another, 'checkpoint-invalid'],
      [unseen, 'quorum'],
    ] as const) {
      await expect(stepsOf(source, trust)).rejects.toMatchObject({ finding: { code } });
      await expect(statesOf(source, trust)).rejects.toMatchObject({ finding: { code } });
    }
    expect(await stepsOf(source, { keys: [parseVkey(vkey)], to: 2 })).toHaveLength(2);
  });

  test('shows each event, and in the end what the service shows of every subject', async () => {
    const record = await sample();
    const steps = await stepsOf(sourceOfRecord(record));
    expect(steps.map(({ event }) => canonical(event as unknown as Json))).toEqual(entriesOf(record).map(String));
    const last = holds(record, steps);
    const shown = [...last.values()].sort((a, b) => (a.stream < b.stream ? -1 : 1));
    // What another subject's event changed since stands at its last step as well.
    expect(shown).toEqual(await reads(record, { at: record.reader.head, now: NOW }));
  });

  test.each(SEEDS)('shows at each event what the service shows there (story %i)', async (seed) => {
    const record = await story(seed);
    const steps = await stepsOf(sourceOfRecord(record));
    expect(steps).toHaveLength(record.reader.head);
    const last = holds(record, steps);
    expect([...last.keys()].sort()).toEqual((await reads(record, { at: record.reader.head, now: NOW })).map(({ stream }) => stream));
  });

  test.each(['2017-05-03T12:00:00Z', '2017-07-05T23:59:59.999Z', '2016-12-31T00:00:00Z'])('shows it as of %s too', async (date) => {
    const asOf = Date.parse(date);
    const record = await story(5);
    const steps = await stepsOf(sourceOfRecord(record), { asOf });
    const last = holds(record, steps, asOf);
    const shown = [...last.values()].sort((a, b) => (a.stream < b.stream ? -1 : 1));
    expect(shown).toEqual(await reads(record, { at: record.reader.head, now: NOW, asOf }));
    expect(shown.length).toBeGreaterThan(0);
  });

  test('from one sequence to another shows these events, on what came before', async () => {
    const source = sourceOfRecord(await sample());
    const all = await stepsOf(source);
    expect(await stepsOf(source, { from: 60, to: 90 })).toEqual(all.slice(59, 90));
    expect(await stepsOf(source, { to: 5 })).toEqual(all.slice(0, 5));
    expect(await stepsOf(source, { from: 200 })).toEqual(all.slice(199));
  });

  test('of some subjects shows what changes these, and of them alone', async () => {
    const source = sourceOfRecord(await sample());
    const subject = ['zone-idlib', 'party-iran'];
    const all = await stepsOf(source);
    const wanted = all
      .map(({ event, changes }) => ({ event, changes: changes.filter(({ stream }) => subject.includes(stream)) }))
      .filter(({ changes }) => changes.length > 0);
    const steps = await stepsOf(source, { subject });
    expect(steps).toEqual(wanted);
    // A role in a zone is an event of the zone, and changes the party.
    expect(steps.some(({ event, changes }) => changes.some(({ stream }) => stream !== event.stream))).toBe(true);
  });

  test('names the fields that a step changed, as they were and as they are', async () => {
    const record = opened();
    const commands = new Commands(record.log, record.tail);
    const told = { occurred: '2017-05-04', sources: [{ publisher: 'TASS' }] };
    await commands.submit({ command: 'zones/report', body: { id: 'idlib', name: { en: 'Idlib' }, ...told }, caller: 'test' });
    await commands.submit({ command: 'zones/suspend', id: 'idlib', body: { ...told, occurred: '2017-12' }, caller: 'test' });
    const [, second] = await stepsOf(sourceOfRecord(record));
    expect(second!.changes).toMatchObject([{ stream: 'zone-idlib', state: { status: 'suspended' } }]);
    expect(second!.changes[0]!.changes).toContainEqual({ field: 'status', before: 'proposed', after: 'suspended' });
  });

  test('tells where a correction leaves nothing of a subject as of then', async () => {
    const record = opened();
    const commands = new Commands(record.log, record.tail);
    const told = { occurred: '2017-05-04', sources: [{ publisher: 'TASS' }] };
    await commands.submit({ command: 'zones/report', body: { id: 'idlib', name: { en: 'Idlib' }, ...told }, caller: 'test' });
    const body = { changes: { occurred: '2018' }, reason: { en: 'misread' } };
    await commands.submit({ command: 'events/correct', id: 'zone-idlib@0', body, caller: 'test' });
    const [first, second] = await stepsOf(sourceOfRecord(record), { asOf: Date.UTC(2017, 11, 1) });
    expect(first!.changes[0]!.state).toMatchObject({ status: 'proposed' });
    expect(second!.changes[0]!.state).toBeUndefined();
    expect(second!.changes[0]!.changes).toContainEqual({ field: 'status', before: 'proposed' });
  });

  test('hands out states that stay as they were', async () => {
    const source = sourceOfRecord(await sample());
    const asTold: string[] = [];
    const steps: Step[] = [];
    for await (const step of replay(source, { now: NOW })) {
      steps.push(step);
      asTold.push(JSON.stringify(step));
    }
    expect(steps.map((step) => JSON.stringify(step))).toEqual(asTold);
  });

  test('costs no more for each event of a long stream than for one of a short', async () => {
    const record = opened();
    const commands = new Commands(record.log, record.tail);
    const told = { occurred: '2017-05-04', sources: [{ publisher: 'TASS' }] };
    await commands.submit({ command: 'zones/report', body: { id: 'idlib', name: { en: 'Idlib' }, ...told }, caller: 'test' });
    const incident = (at: number) => ({ ...told, incident: 'clash', text: { en: `Clash ${at}` } });
    const submit = (at: number) => commands.submit({ command: 'zones/report-incident', id: 'idlib', body: incident(at), caller: 'test' });
    for (let at = 0; at < 2_000; at += 500) await Promise.all(Array.from({ length: 500 }, (_, more) => submit(at + more)));
    const times: number[] = [];
    for await (const { event } of replay(sourceOfRecord(record))) if (event.sequence % 500 === 0) times.push(performance.now());
    const [first, , last] = times.slice(1).map((time, at) => time - times[at]!);
    // Ten times leaves room for a machine that does other things; folding all of it anew at each step would be far more.
    expect(last! / first!).toBeLessThan(10);
  });

  describe('at a place', () => {
    test.each([0, 1, 77, 150])('gives the states there: sequence %i', async (atSequence) => {
      const record = await sample();
      const wanted = await reads(record, { at: atSequence, now: NOW });
      expect(await statesOf(sourceOfRecord(record), { atSequence })).toEqual(wanted);
    });

    test('gives the states as of a day in the world', async () => {
      const record = await sample();
      const asOf = Date.UTC(2017, 6, 5);
      const wanted = await reads(record, { at: record.reader.head, now: NOW, asOf });
      expect(await statesOf(sourceOfRecord(record), { asOf })).toEqual(wanted);
    });

    test('gives what the record held at an instant', async () => {
      const record = opened();
      let time = Date.UTC(2018, 0, 1);
      const commands = new Commands(record.log, record.tail, () => time);
      const told = { occurred: '2017-05-04', sources: [{ publisher: 'TASS' }] };
      for (const id of ['one', 'two', 'three']) {
        await commands.submit({ command: 'zones/report', body: { id, name: { en: id }, ...told }, caller: 'test' });
        time += 1_000;
      }
      const states = await statesOf(sourceOfRecord(record), { knownAt: Date.UTC(2018, 0, 1, 0, 0, 1) });
      expect(states.map(({ stream }) => stream)).toEqual(['zone-one', 'zone-two'].sort());
      expect(await statesOf(sourceOfRecord(record), { knownAt: 0 })).toEqual([]);
    });

    test('tells how far it has come to that place', async () => {
      const told: string[] = [];
      await statesOf(sourceOfRecord(await sample()), { atSequence: 150, progress: (done, of) => told.push(`${done}/${of}`) });
      expect(told).toEqual(['0/150', '100/150', '150/150']);
    });

    test('gives those of some subjects', async () => {
      const record = await sample();
      const [state] = await statesOf(sourceOfRecord(record), { subject: ['zone-idlib'] });
      expect(state).toEqual(served(record.reader.state('zone-idlib', { at: record.reader.head, now: NOW })));
    });
  });

  describe('refuses', () => {
    const refusedWith = async (steps: Promise<unknown>) =>
      steps.then(
        () => new Error('it was not refused'),
        (error: Error) => error,
      );

    test.each<[string, ReplayOptions]>([
      ['a sequence that is not there', { to: 100_000 }],
      ['a beginning behind the end', { from: 20, to: 10 }],
      ['a beginning before the first', { from: 0 }],
      ['a subject of no name', { subject: ['idlib'] }],
      ['a subject that is not there', { subject: ['zone-nowhere'] }],
    ])('%s', async (_, options) => {
      expect(await refusedWith(stepsOf(sourceOfRecord(await sample()), options))).toBeInstanceOf(WrongUse);
    });

    test.each<[string, StatesOptions]>([
      ['a place that is not there', { atSequence: 100_000 }],
      ['two places', { atSequence: 1, knownAt: 1 }],
      ['a subject that is not there', { subject: ['zone-nowhere'] }],
    ])('to give the states at %s', async (_, options) => {
      expect(await refusedWith(statesOf(sourceOfRecord(await sample()), options))).toBeInstanceOf(WrongUse);
    });

    test('an event that no record would hold, where it stands', async () => {
      const entries = entriesOf(await sample());
      const event = JSON.parse(entries[30]!.toString()) as RecordedEvent;
      const spoilt = Buffer.from(canonical({ ...event, about: [] } as unknown as Json));
      const steps: Step[] = [];
      const replaying = (async () => {
        for await (const step of replay(sourceOf(entries.with(30, spoilt)))) steps.push(step);
      })();
      const error = await refusedWith(replaying);
      expect(error).toBeInstanceOf(FindingError);
      expect((error as FindingError).finding).toMatchObject({ sequence: 31, id: event.id });
      expect(steps).toHaveLength(30);
    });

    test('events that are not those that were signed', async () => {
      const [entries, others] = [entriesOf(await story(6)), entriesOf(await story(6))];
      const size = Math.min(entries.length, others.length);
      const error = await refusedWith(stepsOf(sourceOf(entries.slice(0, size), signed(others.slice(0, size)))));
      expect((error as FindingError).finding.code).toBe('root-mismatch');
    });
  });

  test('ends when it is told to, and leaves nothing', async () => {
    const source = sourceOfRecord(await sample());
    const stopping = new AbortController();
    let steps = 0;
    const replaying = (async () => {
      for await (const _ of replay(source, { signal: stopping.signal })) if (++steps === 10) stopping.abort();
    })();
    await expect(replaying).rejects.toThrow('aborted');
    expect(steps).toBe(10);
  });

  test('that nobody reads to its end leaves nothing', async () => {
    for await (const { event } of replay(sourceOfRecord(await sample()))) if (event.sequence === 3) break;
    expect(scratches()).toEqual([]);
  });
});
