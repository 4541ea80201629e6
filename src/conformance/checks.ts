import { FILTERS } from './filters.js';
import { FRAMES } from './frames.js';
import type { Check } from './scene.js';
import { SIGNING_IN } from './signing-in.js';
import { STREAMS } from './streams.js';
import { SUBSCRIBING } from './subscribing.js';

/** What a server that speaks the protocol keeps to, in the order of docs/PROTOCOL.md. */
export const CHECKS: readonly Check[] = [...SIGNING_IN, ...SUBSCRIBING, ...FILTERS, ...FRAMES, ...STREAMS];
