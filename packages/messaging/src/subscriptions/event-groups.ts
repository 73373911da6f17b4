import type { Event } from '@stoa/contract-kit';

/** An event's name among those of all services. */
export const eventName = ({ service, name }: Pick<Event, 'service' | 'name'>): string => `${service}.${name}`;

/**
 * The consumer groups of a service's event subscriptions: one for each set of them, named by the set
 * (`cart.events:cart.guestCartOrphaned,profile.customerErased`). So all members of a group handle the same events, and
 * an offset that a group committed says of each of them that it was handled up to there. A clone of another version,
 * which subscribes to other events, is in another group: it can't pass over events that it does not know.
 */
export class EventGroups {
  private readonly prefix: string;

  /** @param eventsGroup see TopicNames */
  constructor(private readonly eventsGroup: string) {
    this.prefix = `${eventsGroup}:`;
  }

  /** The id of the group for a set of events. */
  idOf(events: readonly string[]): string {
    return this.prefix + events.toSorted().join();
  }

  /** The events that a group handles; none for another kind of group. */
  eventsOf(groupId: string): string[] {
    return groupId.startsWith(this.prefix) ? groupId.slice(this.prefix.length).split(',') : [];
  }

  /** True for a group of this service's events. Versions before groups of sets had one without a set. */
  isOurs(groupId: string): boolean {
    return groupId === this.eventsGroup || groupId.startsWith(this.prefix);
  }
}
