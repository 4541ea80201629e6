import type { Namespace, Socket } from 'socket.io';
import type { Written } from '../record/record-writer.js';
import { framesOf } from './frames.js';

/** The subscribers at the head, by subscription: each commit is encoded once for a group and sent to all of it as one frame. */
export class Groups {
  private readonly sizes = new Map<string, number>();

  constructor(private readonly namespace: Namespace) {}

  join(subscription: string, socket: Socket): void {
    this.sizes.set(subscription, (this.sizes.get(subscription) ?? 0) + 1);
    void socket.join(subscription);
  }

  leave(subscription: string, socket: Socket): void {
    const size = this.sizes.get(subscription)! - 1;
    if (size === 0) this.sizes.delete(subscription);
    else this.sizes.set(subscription, size);
    void socket.leave(subscription);
  }

  /** Sends what was committed, all of it at the head, to every group. */
  send(events: readonly Written[]): void {
    const from = events[0]!.sequence - 1;
    const to = events.at(-1)!.sequence;
    for (const subscription of this.sizes.keys())
      for (const frame of framesOf(subscription, from, to, events)) this.namespace.to(subscription).emit('events', frame);
  }
}
