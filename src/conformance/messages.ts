import { Ajv } from 'ajv';
import { protocolSchema } from '../feed/protocol.js';

/** An event, as far as the suite looks into it. */
export interface Event {
  sequence: number;
  id: string;
  stream: string;
  type: string;
  about: string[];
  [field: string]: unknown;
}

export interface Filter {
  zones?: string[];
  parties?: string[];
  subjects?: string[];
  kinds?: string[];
  types?: string[];
}

export interface Told {
  code: string;
  message: string;
  retry: boolean;
}

export type Answer = { ok: true; subscription: string; epoch: string; head: number } | { ok: false; error: Told };

const ajv = new Ajv({
  strict: false,
  formats: {
    uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
    'date-time': (text: string) => !Number.isNaN(Date.parse(text)),
  },
});
ajv.addSchema(protocolSchema, 'protocol');

/** The codes with whether trying again can help, as docs/PROTOCOL.md has them. The suite keeps its own list, and asks no server for it. */
const RETRY: Record<string, boolean> = {
  'bad-request': false,
  'bad-filter': false,
  'duplicate-subscription': false,
  'too-many-subscriptions': true,
  'too-many-connections': true,
  'future-position': true,
  'other-record': false,
  'consumer-too-slow': true,
  'token-expired': true,
  revoked: false,
  forbidden: false,
  'shutting-down': true,
  internal: true,
};

/** What is wrong with a message by the schema; undefined where nothing is. */
export function faultOf(definition: string, message: unknown): string | undefined {
  const validate = ajv.getSchema(`protocol#/definitions/${definition}`)!;
  if (validate(message)) return undefined;
  const [first] = validate.errors!;
  return `is no ${definition}: ${first!.instancePath || 'it'} ${first!.message}`;
}

/** What is wrong with a refusal or a closing: its shape, or that it tells to try again what cannot help, or the other way. */
export function faultOfTold(definition: 'Error' | 'Closed', told: unknown): string | undefined {
  const fault = faultOf(definition, told);
  if (fault) return fault;
  const { code, retry } = told as Told;
  return RETRY[code] === !retry ? `has the code ${code} with retry ${retry}` : undefined;
}

/** Whether a filter lets an event pass: the suite's own evaluation. */
export function passes(filter: Filter, event: Event): boolean {
  return Object.entries(filter).every(([axis, values]: [string, string[]]) =>
    values.some((value) => FITS[axis as keyof Filter](event, value)),
  );
}

const isAbout = ({ about }: Event, value: string) => about.includes(value);
const FITS: Record<keyof Filter, (event: Event, value: string) => boolean> = {
  zones: isAbout,
  parties: isAbout,
  subjects: isAbout,
  kinds: ({ stream }, value) => stream.startsWith(`${value}-`),
  types: ({ type }, value) => type === value,
};
