// The subscribers of bench/feed.mjs, as a process of their own: the same for our feed and for all that it is compared with.
//
// They do as little as can be done, so that the servers are measured and not they: WebSocket frames are told apart by their heads, and of a
// message only its beginning is read, `42/feed,["events",{"subscription":"...","from":1,"to":2,...`. That is enough to count the events and
// to see that none is missing or comes twice. `whole` parses all of it, for a first round that proves the counting right.
import { connect as open } from 'node:net';
import { answer, now } from './feed-process.mjs';

/** Enough of a message to see what it is. */
const HEAD = 160;
const EVENTS = /^42\/feed,(\d*)\["events",\{"subscription":"\w+","from":(\d+),"to":(\d+),/;
/** How many connect at a time. */
const AT_ONCE = 100;
/** How long nothing may come while something is waited for, in milliseconds. */
const PATIENCE = 120_000;

/** One for all sockets: what is read is looked at before the next is read. */
const buffer = Buffer.allocUnsafe(256 * 1024);

let subscribers = [];
/** Events that all of them have received since they connected. */
let received = 0;
let bytes = 0;
let lastReceipt = 0;
let expected = Infinity;
let wake = () => {};
let fault;
let notes;
let deafOne;

function fail(error) {
  fault ??= error;
  wake();
}

/** A frame of text, masked as a client's must be, with the mask that changes nothing. */
function frame(text) {
  const length = Buffer.byteLength(text);
  const head = length < 126 ? [0x81, 0x80 | length] : [0x81, 0xfe, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), Buffer.from(text)]);
}
const PONG = frame('3');

class Subscriber {
  /** How many events it has received, and the `to` of the last frame of them. */
  events = 0;
  position;
  /** What came of a head that is not all there yet. */
  carried;
  /** How much of the message at hand is still to come, its head, and with `whole` its pieces. */
  left = 0;
  head = '';
  pieces = [];
  isOpen = false;

  /** `subscribe` is the message that our feed wants; `sio` tells a Socket.IO server from one that sends at once. */
  constructor({ port, path, sio, subscribe, whole }) {
    Object.assign(this, { sio, subscribe, whole });
    this.live = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    const onread = { buffer, callback: (size) => this.read(buffer.subarray(0, size)) };
    this.socket = open({ port, host: '127.0.0.1', noDelay: true, onread });
    this.socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    this.socket.on('error', (error) => this.end(error)).on('close', () => this.end(new Error('a subscriber was disconnected')));
  }

  end(error) {
    this.reject(error);
    if (!this.isLeaving) fail(error);
  }

  leave() {
    this.isLeaving = true;
    this.socket.destroy();
  }

  read(chunk) {
    let rest = this.carried ? Buffer.concat([this.carried, chunk]) : chunk;
    this.carried = undefined;
    if (!this.isOpen) {
      const end = rest.indexOf('\r\n\r\n');
      if (end >= 0 && !rest.latin1Slice(0, 12).endsWith('101')) return this.end(new Error(rest.latin1Slice(0, end)));
      this.isOpen = end >= 0;
      if (!this.isOpen) return void (this.carried = Buffer.from(rest));
      rest = rest.subarray(end + 4);
      if (!this.sio) this.resolve();
    }
    this.frames(rest);
    return true;
  }

  frames(chunk) {
    let at = 0;
    while (at < chunk.length) {
      if (this.left === 0) {
        const told = chunk[at + 1];
        const start = at + (told < 126 ? 2 : told === 126 ? 4 : 10);
        const size = start > chunk.length ? 0 : told < 126 ? told : told === 126 ? chunk.readUInt16BE(at + 2) : chunk.readUInt32BE(at + 6);
        const end = start + Math.min(size, HEAD);
        if (at + 2 > chunk.length || end > chunk.length) return void (this.carried = Buffer.from(chunk.subarray(at)));
        if (chunk[at] === 0x88) return this.end(new Error('a subscriber was closed'));
        this.head = chunk.latin1Slice(start, end);
        this.left = size;
        at = start;
      }
      const taken = Math.min(this.left, chunk.length - at);
      if (this.whole) this.pieces.push(Buffer.from(chunk.subarray(at, at + taken)));
      at += taken;
      bytes += taken;
      this.left -= taken;
      if (this.left === 0) this.message();
    }
  }

  message() {
    const { head } = this;
    const found = EVENTS.exec(head);
    if (found) return this.take(found[1], Number(found[2]), Number(found[3]));
    this.pieces = [];
    if (head === '2') this.socket.write(PONG);
    else if (head.startsWith('0{')) this.say('40/feed,');
    else if (head.startsWith('40/feed,')) {
      if (this.subscribe) this.say(`42/feed,0["subscribe",${JSON.stringify(this.subscribe)}]`);
      else this.resolve();
    } else if (head.startsWith('43/feed,0[{"ok":true'))
      this.position = this.subscribe.after === 'start' ? 0 : Number(/"head":(\d+)/.exec(head)[1]);
    else if (head.startsWith('42/feed,["live"')) this.resolve();
    else if (head.startsWith('42/feed,["progress"')) this.position = Number(/"to":(\d+)/.exec(head)[1]);
    else this.end(new Error(`not understood: ${head}`));
  }

  take(page, from, to) {
    if (from !== (this.position ?? from)) return fail(new Error(`a frame begins at ${from} where ${this.position} was the last`));
    if (page) this.say(`43/feed,${page}[]`);
    const count = this.whole ? this.parsed(from, to) : to - from;
    if (notes) note(this.events, count);
    this.position = to;
    this.events += count;
    received += count;
    if (received < expected) return;
    lastReceipt = now();
    wake();
  }

  /** How many events the frame at hand holds, each looked at. */
  parsed(from, to) {
    const text = Buffer.concat(this.pieces).toString();
    this.pieces = [];
    const { events } = JSON.parse(text.slice(text.indexOf('[')))[1];
    const isRight = this.subscribe?.filter
      ? events.every(({ sequence }) => sequence > from && sequence <= to)
      : events.length === to - from && events.every(({ sequence }, at) => sequence === from + at + 1);
    if (!isRight) fail(new Error(`a frame from ${from} to ${to} holds ${events.map(({ sequence }) => sequence).join()}`));
    return events.length;
  }

  say(text) {
    this.socket.write(frame(text));
  }
}

/** Notes that events came, the first of which was a subscriber's `first`. */
function note(first, count) {
  const at = notes.size++;
  notes.first[at] = first;
  notes.count[at] = count;
  notes.at[at] = now();
}

answer({
  /** Connects so many more, each with its own filter where there are some, until all are live. */
  async connect({ count, filters, ...how }) {
    for (let made = 0; made < count; made += AT_ONCE) {
      const more = Array.from({ length: Math.min(AT_ONCE, count - made) }, (_, at) => {
        const subscribe = how.subscribe && { ...how.subscribe, ...(filters && { filter: filters[made + at] }) };
        return new Subscriber({ ...how, subscribe });
      });
      subscribers.push(...more);
      await Promise.all(more.map(({ live }) => live));
    }
  },

  /** Waits until each has received so many since it connected, or with `all` all of them together. Tells when the last came, and how many bytes since the last question. */
  async received({ each, all = each * subscribers.length }) {
    expected = all;
    for (let before = -1; received < expected && !fault; before = received) {
      if (before === received) fail(new Error(`${received} of ${expected} events have come, and no more do`));
      else await new Promise((resolve) => setTimeout((wake = resolve), PATIENCE).unref());
    }
    if (fault) throw fault;
    if (received > expected) throw new Error(`${received} events have come instead of ${expected}`);
    const wrong = each === undefined ? undefined : subscribers.find(({ events }) => events !== each);
    if (wrong) throw new Error(`a subscriber has ${wrong.events} events instead of ${each}`);
    expected = Infinity;
    const told = { at: lastReceipt, bytes };
    bytes = 0;
    return told;
  },

  /** From here on notes when events come, as many as there may be. */
  note({ events }) {
    const most = events * subscribers.length;
    notes = { size: 0, first: new Uint32Array(most), count: new Uint32Array(most), at: new Float64Array(most) };
  },

  /** How long the events took that were sent at `times`, the first of which was a subscriber's `first`: the 50th and 99th percentile and the longest. */
  latencies({ first, times }) {
    const took = new Float32Array(times.length * subscribers.length);
    let size = 0;
    for (let at = 0; at < notes.size; at++)
      for (let of = 0; of < notes.count[at]; of++) took[size++] = notes.at[at] - times[notes.first[at] + of - first];
    if (size !== took.length) throw new Error(`${size} receipts were noted instead of ${took.length}`);
    notes = undefined;
    took.sort();
    return { p50: took[size >> 1], p99: took[Math.floor(size * 0.99)], max: took[size - 1] };
  },

  /** One more that never reads from the time when it is live. It is not counted with the others. */
  async deaf(how) {
    deafOne = new Subscriber(how);
    await deafOne.live;
    deafOne.socket.pause();
  },

  /** How many events the one that never reads has read, and whether it is still connected: 0, or it is no measure of anything. */
  heard: () => ({ events: deafOne.events, isConnected: !deafOne.socket.destroyed }),

  /** One subscriber from the start to the head; how long that took. */
  async catchUp({ events, ...how }) {
    const began = now();
    const one = new Subscriber({ ...how, subscribe: { after: 'start' } });
    await one.live;
    const took = now() - began;
    one.leave();
    if (one.events !== events) throw new Error(`${one.events} events came instead of ${events}`);
    received -= events;
    return took;
  },

  leave() {
    for (const one of subscribers) one.leave();
    subscribers = [];
    received = 0;
  },
});
