import type { Handlers, Projection } from '../folding/fold.js';
import type { StatementEvents } from './statement.events.js';

const on: Handlers<StatementEvents> = {
  StatementMade: (statement, data) =>
    statement.setAll(data, 'speaker', 'onBehalfOf', 'attribution', 'lang', 'text', 'quote', 'at', 'mentions', 'stances'),
};

export const statementProjection: Projection = {
  on,
  view: (statement) => ({
    speaker: statement.one('speaker'),
    onBehalfOf: statement.one('onBehalfOf'),
    attribution: statement.one('attribution'),
    lang: statement.one('lang'),
    text: statement.one('text'),
    quote: statement.one('quote'),
    at: statement.one('at'),
    mentions: statement.list('mentions'),
    stances: statement.list('stances'),
  }),
};
