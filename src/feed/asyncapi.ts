import { schemasAt } from './protocol.js';

const MESSAGES = {
  Subscribe: ['subscribe', 'Follow the record from a place on, through a filter'],
  Subscribed: ['subscribe (acknowledgement)', 'The subscription stands; its first frame comes behind this'],
  Unsubscribe: ['unsubscribe', 'End a subscription'],
  Unsubscribed: ['unsubscribe (acknowledgement)', 'The subscription is ended'],
  Refused: ['refusal (acknowledgement)', 'The message was refused, and why'],
  Events: ['events', 'Events in order; behind the head a page that asks for an acknowledgement'],
  Progress: ['progress', 'How far the filter has let nothing pass'],
  Live: ['live', 'The head is reached'],
  Closed: ['closed', 'The subscription or the connection is over'],
  Error: ['connect_error', 'The connection is refused; this is the `data` of the error'],
  Event: ['<type>', 'An event as it was recorded; its id is <epoch>:<sequence>'],
  StreamProgress: ['progress', 'How far an idle stream is; its id is <epoch>:<sequence>'],
} as const;
type Message = keyof typeof MESSAGES;

/**
 * The AsyncAPI document: the feed over Socket.IO and as server-sent events, as the service (the application of the document) receives and
 * sends it.
 */
export function asyncapi(version: string): Record<string, unknown> {
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'Zonewatch feed',
      version,
      description: 'Every event of the record, in order, once. docs/PROTOCOL.md says the same in words, and is normative.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      sockets: server('socket.io', '/socket.io/', 'Socket.IO 4'),
      streams: server('http', '/', 'Server-sent events'),
    },
    channels: {
      feed: {
        address: '/feed',
        title: 'The namespace /feed',
        description: 'A socket signs in with `auth: {token}` in the handshake.',
        servers: [{ $ref: '#/servers/sockets' }],
        messages: messages(
          'Subscribe',
          'Subscribed',
          'Unsubscribe',
          'Unsubscribed',
          'Refused',
          'Events',
          'Progress',
          'Live',
          'Closed',
          'Error',
        ),
      },
      stream: {
        address: '/v1/feed',
        title: 'The feed as server-sent events',
        servers: [{ $ref: '#/servers/streams' }],
        messages: messages('Event', 'StreamProgress'),
        bindings: { http: {} },
      },
    },
    operations: {
      subscribe: request('Subscribe', 'Subscribed', 'Refused'),
      unsubscribe: request('Unsubscribe', 'Unsubscribed', 'Refused'),
      deliver: sends('feed', 'Tells a subscriber what is recorded', 'Events', 'Progress', 'Live', 'Closed'),
      refuse: sends('feed', 'Refuses a connection', 'Error'),
      stream: sends('stream', 'Tells a reader what is recorded', 'Event', 'StreamProgress'),
    },
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key or a JWT' } },
      messages: Object.fromEntries(
        Object.entries(MESSAGES).map(([message, [name, summary]]) => [
          message,
          { name, title: message, summary, contentType: 'application/json', payload: { $ref: `#/components/schemas/${message}` } },
        ]),
      ),
      schemas: schemasAt('#/components/schemas/'),
    },
  };
}

function server(protocol: string, pathname: string, description: string) {
  return {
    host: '{host}',
    protocol,
    pathname,
    description,
    variables: { host: { default: 'localhost:3000', description: 'Where the service listens' } },
    security: [{ $ref: '#/components/securitySchemes/key' }],
  };
}

function messages(...names: Message[]) {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]));
}

function of(channel: string, names: readonly Message[]) {
  return names.map((name) => ({ $ref: `#/channels/${channel}/messages/${name}` }));
}

function request(message: Message, ...answers: Message[]) {
  return {
    action: 'receive',
    channel: { $ref: '#/channels/feed' },
    summary: MESSAGES[message][1],
    messages: of('feed', [message]),
    reply: { channel: { $ref: '#/channels/feed' }, messages: of('feed', answers) },
  };
}

function sends(channel: string, summary: string, ...names: Message[]) {
  return { action: 'send', channel: { $ref: `#/channels/${channel}` }, summary, messages: of(channel, names) };
}
