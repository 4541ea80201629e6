import type { Namespace, Socket } from 'socket.io';
import type { Written } from '../record/record-writer.js';
import { framesOf } from './frames.js';

/** A subscriber at the head. */
export interface Member {
  readonly subscription: string;
  readonly socket: Socket;
  isSlow(): boolean;
  /** Goes back to paging, from this position on. */
  fallBehind(position: number): void;
}

/**
 * The subscribers at the head, by subscription: each commit is encoded once for a group and sent to all of it as one frame. One that does
 * not take its frames goes back to paging, so that what is kept for it is bounded and nobody else waits.
 */
export class Groups {
  private readonly members = new Map<string, Set<Member>>();

  constructor(private readonly namespace: Namespace) {}

  join(member: Member): void {
    const { subscription, socket } = member;
    const group = this.members.get(subscription) ?? new Set();
    this.members.set(subscription, group.add(member));
    void socket.join(subscription);
  }

  leave(member: Member): void {
    const { subscription, socket } = member;
    const group = this.members.get(subscription);
    group?.delete(member);
    if (group?.size === 0) this.members.delete(subscription);
    void socket.leave(subscription);
  }

  /** Sends what was committed, all of it at the head, to every group. */
  send(events: readonly Written[]): void {
    const from = events[0]!.sequence - 1;
    const to = events.at(-1)!.sequence;
    for (const [subscription, group] of this.members) {
      for (const member of group) if (member.isSlow()) member.fallBehind(from);
      if (group.size === 0) continue;
      for (const frame of framesOf(subscription, from, to, events)) this.namespace.to(subscription).emit('events', frame);
    }
  }
}
