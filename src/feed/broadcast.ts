import type { Namespace } from 'socket.io';
import { Follower } from './follower.js';
import type { EventsFrame } from './frames.js';
import type { Broadcast, Member, ProgressFrame } from './groups.js';
import type { StreamFollower } from './stream-follower.js';

/** Sockets get a group's frames as one packet to a room, which Socket.IO encodes once; streams get one text, made once. */
export class Rooms implements Broadcast {
  /** Where the rooms of the sockets are, once the gateway stands. */
  namespace: Namespace | undefined;
  private readonly streams = new Map<string, Set<StreamFollower>>();

  join(group: string, member: Member): void {
    if (member instanceof Follower) return void member.socket.join(group);
    const others = this.streams.get(group) ?? new Set();
    this.streams.set(group, others.add(member as StreamFollower));
  }

  leave(group: string, member: Member): void {
    if (member instanceof Follower) return void member.socket.leave(group);
    const left = this.streams.get(group);
    left?.delete(member as StreamFollower);
    if (left?.size === 0) this.streams.delete(group);
  }

  events(group: string, frame: EventsFrame): void {
    this.namespace?.to(group).emit('events', frame);
    for (const stream of this.streams.get(group) ?? []) stream.sendEvents(frame);
  }

  progress(group: string, frame: ProgressFrame): void {
    this.namespace?.to(group).emit('progress', frame);
    for (const stream of this.streams.get(group) ?? []) stream.sendProgress(frame);
  }

  /** Sockets have their own pings; a stream that says nothing looks dead to what carries it. */
  idle(group: string, position: number): void {
    for (const stream of this.streams.get(group) ?? []) stream.sendProgress({ subscription: group, from: position, to: position });
  }
}
