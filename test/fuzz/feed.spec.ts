import { Ajv } from 'ajv';
import { io, type Socket } from 'socket.io-client';
import { protocolSchema } from '../../src/feed/protocol.js';
import { Dice } from '../record/random-command.js';
import { sample } from '../support/sample.js';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';
import { alarmOf } from './alarm.js';
import { GROWTH, heap } from './heap.js';
import { valueOf, type Schema } from './value.js';

/** How many messages are made up, and from which number on they follow. `FUZZ_MINUTES` goes on for as long. */
const MESSAGES = 1_500;
const MINUTES = Number(process.env['FUZZ_MINUTES'] ?? 0);
const SEED = Number(process.env['FUZZ_SEED'] ?? 2017);
const SOCKETS = 6;
/** How long an answer may be on its way. */
const PATIENCE = 10_000;

let app: TestApp;
let alarm: ReturnType<typeof alarmOf>;
let document: Schema;
beforeAll(async () => {
  // How often a socket may subscribe is not what is looked at here.
  app = await startApp({ feedLimits: { subscribesAtOnce: 1e9 } });
  await app.feed(sample());
  alarm = alarmOf(app);
  document = (await app.get('/asyncapi.json')).json as Schema;
});
afterAll(() => stopApp(app));

const lookUp = (ref: string) => ref.split('/').slice(1).reduce<Schema | undefined>((at, name) => at?.[name] as Schema | undefined, document); // prettier-ignore
const ajv = new Ajv({ strict: false, validateFormats: false }).addSchema(protocolSchema, 'protocol');
const faultOf = (name: string, value: unknown) =>
  ajv.validate(`protocol#/definitions/${name}`, value) ? undefined : `${name}: ${ajv.errorsText()}: ${JSON.stringify(value).slice(0, 300)}`;

/** The messages that the service takes, with the schemas of what they say. */
const requests = () =>
  Object.entries(document['operations'] as Record<string, Schema>).flatMap(([name, { action, messages }]) => {
    if (action !== 'receive') return [];
    const message = lookUp((lookUp((messages as Schema[])[0]!['$ref'] as string) as Schema)['$ref'] as string);
    return [{ name, schema: message!['payload'] as Schema }];
  });

const FRAMES: Record<string, string> = { events: 'Events', progress: 'Progress', live: 'Live', closed: 'Closed' };

test(
  'whatever is said, as the document has it or near it, is answered, and every frame is as the document has it',
  async () => {
    const ends = performance.now() + MINUTES * 60_000;
    const known = requests();
    const faults: unknown[] = [];
    const answers = { ok: 0, refused: 0, silent: 0 };
    let made = 0;
    let early = Infinity;
    const open = () => {
      const socket = io(`${app.address}/feed`, { transports: ['websocket'], forceNew: true, reconnection: false });
      socket.onAny((name: string, frame: unknown, next?: unknown) => {
        const fault = FRAMES[name] ? faultOf(FRAMES[name], frame) : `${name} is no frame`;
        if (fault) faults.push(fault);
        if (typeof next === 'function') (next as () => void)();
      });
      return new Promise<Socket>((resolve) => socket.once('connect', () => resolve(socket)));
    };
    const lane = async () => {
      let socket = await open();
      while ((made < MESSAGES || performance.now() < ends) && faults.length < 5) {
        const seed = SEED + made++;
        const dice = new Dice(seed);
        const { name, schema } = dice.pick(known);
        const said = [valueOf(schema, dice, lookUp), ...(dice.chance(4) ? [valueOf(undefined, dice, lookUp)] : [])];
        const event = dice.chance(95) ? name : dice.pick(['', 'x', 'closed', 'events', 'message', '__proto__', 'Subscribe']);
        const answer = await new Promise<unknown>((resolve) => {
          const late = setTimeout(() => resolve('none'), PATIENCE);
          const settle = (value: unknown) => {
            clearTimeout(late);
            resolve(value);
          };
          socket.once('disconnect', () => settle('gone'));
          socket.emit(event, ...said, settle);
        });
        const isOk = (answer as { ok?: boolean } | null)?.ok;
        if (answer === 'none') faults.push({ seed, fault: 'no answer', event, said });
        else if (answer === 'gone') answers.silent += 1;
        else {
          const fault = faultOf(isOk ? (event === 'subscribe' ? 'Subscribed' : 'Unsubscribed') : 'Refused', answer);
          if (fault) faults.push({ seed, fault, event, said });
          answers[isOk ? 'ok' : 'refused'] += 1;
        }
        if (seed - SEED === Math.floor(MESSAGES / 3)) early = heap();
        // A socket may have only so many subscriptions.
        if (!socket.connected || made % 60 === 0) {
          socket.disconnect();
          socket = await open();
        }
      }
      socket.disconnect();
    };
    await Promise.all(Array.from({ length: SOCKETS }, lane));
    expect(faults).toEqual([]);
    expect(alarm.heard).toEqual([]);
    expect(heap() - early).toBeLessThan(GROWTH);
    // Whoever is cut off has no answer: what hid there would be judged by nobody.
    expect(answers.silent).toBeLessThan(made / 100);
    expect(Math.min(answers.ok, answers.refused)).toBeGreaterThan(MESSAGES / 50);
    expect((await app.get('/health/ready')).status).toBe(200);
  },
  (MINUTES + 2) * 60_000,
);
