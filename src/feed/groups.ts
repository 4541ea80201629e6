import type { Written } from '../record/record-writer.js';
import type { Filter } from './filter.js';
import { EventsFrame, runsOf, type Recorded } from './frames.js';

/** A subscriber at the head. */
export interface Member {
  readonly filter: Filter;
  /** The `to` of the last frame that it was sent. */
  position: number;
  isSlow(): boolean;
  /** Goes back to paging, from its position on. */
  fallBehind(): void;
  /** Sends a frame to it alone. */
  sendEvents(frame: EventsFrame): void;
  sendProgress(frame: ProgressFrame): void;
}

export interface ProgressFrame {
  subscription: string;
  from: number;
  to: number;
}

/** Sends a frame to many members of one group at once, encoded once for all of them. */
export interface Broadcast {
  join(group: string, member: Member): void;
  leave(group: string, member: Member): void;
  events(group: string, frame: EventsFrame): void;
  progress(group: string, frame: ProgressFrame): void;
  /** Nothing was committed since the last time: a sign of life for those who have none of their own. */
  idle(group: string, position: number): void;
}

/** Everyone at the head with the same filter. */
class Group {
  /** Those at the group's own position, who are sent its frames together. */
  readonly together = new Set<Member>();
  /** Those who joined since the group's last frame: the next one begins elsewhere for them. */
  readonly joining = new Set<Member>();

  constructor(
    readonly filter: Filter,
    public position: number,
  ) {}

  get isEmpty(): boolean {
    return this.together.size + this.joining.size === 0;
  }
}

/**
 * The subscribers at the head, by filter. Each commit is encoded once for a group that it matches and sent to all of it as one frame; what
 * it passes over is told to idle groups now and then. Groups are found by the tags of an event, so an event costs as much as the groups
 * that share one with it, and not as much as there are.
 */
export class Groups {
  private readonly groups = new Map<string, Group>();
  private readonly byTag = new Map<string, Set<Group>>();
  private readonly ofEverything = new Set<Group>();

  constructor(private readonly broadcast: Broadcast) {}

  join(member: Member): void {
    const { filter, position } = member;
    let group = this.groups.get(filter.id);
    if (!group) {
      group = new Group(filter, position);
      this.groups.set(filter.id, group);
      for (const found of this.placesOf(filter)) found.add(group);
    }
    if (group.position === position) this.together(group, member);
    else group.joining.add(member);
  }

  leave(member: Member): void {
    const group = this.groups.get(member.filter.id);
    if (!group) return;
    if (group.together.delete(member)) this.broadcast.leave(member.filter.id, member);
    group.joining.delete(member);
    if (!group.isEmpty) return;
    this.groups.delete(member.filter.id);
    for (const found of this.placesOf(member.filter)) found.delete(group);
    for (const tag of member.filter.tags ?? []) if (this.byTag.get(tag)?.size === 0) this.byTag.delete(tag);
  }

  /** Sends what was committed to the groups that it matches. */
  send(events: readonly Written[]): void {
    const to = events.at(-1)!.sequence;
    for (const [group, own] of this.matches(events)) {
      this.dropSlow(group);
      let { position } = group;
      for (const run of runsOf(own, to)) {
        const { id } = group.filter;
        if (group.together.size) this.broadcast.events(id, new EventsFrame(id, position, run));
        for (const member of group.joining) member.sendEvents(new EventsFrame(id, member.position, run));
        this.move(group, run.to);
        position = run.to;
      }
    }
  }

  /** Tells the groups whose filters have passed over what was committed how far they are. */
  tellProgress(to: number): void {
    for (const group of this.groups.values()) {
      const { id } = group.filter;
      if (group.position === to && group.joining.size === 0) {
        this.broadcast.idle(id, to);
        continue;
      }
      this.dropSlow(group);
      if (group.together.size && group.position < to) this.broadcast.progress(id, { subscription: id, from: group.position, to });
      for (const member of group.joining) if (member.position < to) member.sendProgress({ subscription: id, from: member.position, to });
      this.move(group, to);
    }
  }

  /** All of a group are at one place again. */
  private move(group: Group, to: number): void {
    group.position = to;
    for (const member of group.together) member.position = to;
    for (const member of group.joining) {
      member.position = to;
      this.together(group, member);
    }
    group.joining.clear();
  }

  private together(group: Group, member: Member): void {
    group.together.add(member);
    this.broadcast.join(group.filter.id, member);
  }

  private dropSlow(group: Group): void {
    for (const member of [...group.together, ...group.joining]) if (member.isSlow()) member.fallBehind();
  }

  /** Each group that events match, with the events of it in order. */
  private matches(events: readonly Written[]): Map<Group, Recorded[]> {
    const matched = new Map<Group, Recorded[]>();
    for (const group of this.ofEverything) matched.set(group, [...events]);
    if (this.byTag.size === 0) return matched;
    for (const event of events) {
      const seen = new Set<Group>();
      for (const tag of event.tags) {
        for (const group of this.byTag.get(tag) ?? []) {
          if (seen.has(group)) continue;
          seen.add(group);
          if (!group.filter.passes(event.tags)) continue;
          const own = matched.get(group);
          if (own) own.push(event);
          else matched.set(group, [event]);
        }
      }
    }
    return matched;
  }

  private placesOf({ tags }: Filter): Set<Group>[] {
    if (!tags) return [this.ofEverything];
    return tags.map((tag) => {
      const found = this.byTag.get(tag) ?? new Set<Group>();
      this.byTag.set(tag, found);
      return found;
    });
  }
}
