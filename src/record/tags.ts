import type { Json, RecordedEvent } from '../event/event.js';

/** The axes beside `about` that events are found by. Their tags hold a colon, which no stream's name does. */
export const AXES = ['type', 'publisher', 'attribution'] as const;
export type Axis = (typeof AXES)[number];

export function tag(axis: Axis, value: string): string {
  return `${axis}:${axis === 'publisher' ? value.toLowerCase() : value}`;
}

/** The tag under which the feed finds the events of a kind of subject. The record finds them by their streams. */
export function kindTag(kind: string): string {
  return `kind:${kind}`;
}

/** The tag of the events that change a subject's state from outside its own stream. */
export function foldsInto(stream: string): string {
  return `folds:${stream}`;
}

/** The tag of the events that amend one, directly or through another amendment. */
export function amends(id: string): string {
  return `amends:${id}`;
}

/** Everything that an event is found under: `amended` are the events that it amends, `elsewhere` the subjects of other streams that it changes. */
export function tagsOf(event: RecordedEvent, elsewhere: Iterable<string> = [], amended: Iterable<string> = []): string[] {
  const tags = [...event.about, tag('type', event.type)];
  for (const publisher of new Set(event.sources.map((source) => source.publisher.toLowerCase()))) tags.push(tag('publisher', publisher));
  const attribution: Json | undefined = event.data['attribution'];
  if (typeof attribution === 'string') tags.push(tag('attribution', attribution));
  for (const stream of elsewhere) tags.push(foldsInto(stream));
  for (const id of amended) tags.push(amends(id));
  return tags;
}
