import type { Json, RecordedEvent } from '../event/event.js';

/** The axes beside `about` that events are found by. Their tags hold a colon, which no stream's name does. */
export const AXES = ['type', 'publisher', 'attribution'] as const;
export type Axis = (typeof AXES)[number];

export function tag(axis: Axis, value: string): string {
  return `${axis}:${axis === 'publisher' ? value.toLowerCase() : value}`;
}

/** The tag of the events that change a subject's state from outside its own stream. */
export function foldsInto(stream: string): string {
  return `folds:${stream}`;
}

/** The tag of the events that amend one. */
export function amends(id: string): string {
  return `amends:${id}`;
}

/** Selects the bytes of a tag's events, in order. */
export const EVENTS_OF_A_TAG = 'SELECT e.bytes FROM tags t JOIN events e ON e.sequence = t.sequence WHERE t.tag = ? ORDER BY t.sequence';

/** Everything that an event is found under. */
export function tagsOf(event: RecordedEvent, alsoFoldsInto: string | undefined): string[] {
  const tags = [...event.about, tag('type', event.type)];
  for (const publisher of new Set(event.sources.map((source) => source.publisher.toLowerCase()))) tags.push(tag('publisher', publisher));
  const attribution: Json | undefined = event.data['attribution'];
  if (typeof attribution === 'string') tags.push(tag('attribution', attribution));
  if (event.corroborates) tags.push(amends(event.corroborates));
  if (alsoFoldsInto) tags.push(foldsInto(alsoFoldsInto));
  return tags;
}
