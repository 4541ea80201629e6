import type { Socket } from 'socket.io';
import { Follower } from './follower.js';
import type { EventsFrame } from './frames.js';
import type { Broadcast, Member, ProgressFrame } from './groups.js';
import type { StreamFollower } from './stream-follower.js';
import type { Traffic } from './traffic.js';
import { SharedPacket } from './wire.js';

/** Sockets get a group's frames as one packet that is made once for all of them; streams get one text, made once. */
export class Rooms implements Broadcast {
  private readonly sockets = new Map<string, Set<Socket>>();
  private readonly streams = new Map<string, Set<StreamFollower>>();

  constructor(private readonly traffic: Traffic) {}

  join(group: string, member: Member): void {
    if (member instanceof Follower) add(this.sockets, group, member.socket);
    else add(this.streams, group, member as StreamFollower);
  }

  leave(group: string, member: Member): void {
    if (member instanceof Follower) remove(this.sockets, group, member.socket);
    else remove(this.streams, group, member as StreamFollower);
  }

  events(group: string, frame: EventsFrame): void {
    this.send(
      group,
      'events',
      () => frame.toString(),
      () => frame.run.bytes,
    );
    for (const stream of this.streams.get(group) ?? []) stream.sendEvents(frame);
  }

  progress(group: string, frame: ProgressFrame): void {
    this.send(group, 'progress', () => JSON.stringify(frame));
    for (const stream of this.streams.get(group) ?? []) stream.sendProgress(frame);
  }

  /** Sockets have their own pings; a stream that says nothing looks dead to what carries it. */
  idle(group: string, position: number): void {
    for (const stream of this.streams.get(group) ?? []) stream.sendProgress({ subscription: group, from: position, to: position });
  }

  private send(group: string, event: 'events' | 'progress', body: () => string, bytes = () => 0): void {
    const sockets = this.sockets.get(group);
    if (!sockets) return;
    const packet = new SharedPacket(event, body());
    for (const socket of sockets) packet.sendTo(socket);
    this.traffic.sent('socket', event, bytes(), sockets.size);
  }
}

function add<T>(rooms: Map<string, Set<T>>, group: string, member: T): void {
  const others = rooms.get(group) ?? new Set();
  rooms.set(group, others.add(member));
}

function remove<T>(rooms: Map<string, Set<T>>, group: string, member: T): void {
  const left = rooms.get(group);
  left?.delete(member);
  if (left?.size === 0) rooms.delete(group);
}
