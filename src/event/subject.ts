export const KINDS = ['party', 'zone', 'agreement', 'deployment', 'statement', 'talks'] as const;

/** What an event can be about. */
export type Kind = (typeof KINDS)[number];

/** An id is a slug of at most 64 characters. */
export const SLUG = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
export const MAX_SLUG = 64;

const STREAM = new RegExp(`^(${KINDS.join('|')})-([a-z0-9]+(?:-[a-z0-9]+)*)$`);

export function isSlug(text: string): boolean {
  return text.length <= MAX_SLUG && SLUG.test(text);
}

/** The name of a subject's stream, which is also the only way to refer to it: `zone-eastern-ghouta`. */
export function streamOf(kind: Kind, id: string): string {
  return `${kind}-${id}`;
}

/** The kind and the id that a stream's name holds; undefined where it is no stream's name. */
export function subjectOf(stream: string): { kind: Kind; id: string } | undefined {
  const match = STREAM.exec(stream);
  if (!match || match[2]!.length > MAX_SLUG) return undefined;
  return { kind: match[1] as Kind, id: match[2]! };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What names an event: its id, or `<stream>@<revision>`. Undefined where it is neither. */
export function eventRef(text: string): { id: string } | { stream: string; revision: number } | undefined {
  if (UUID.test(text)) return { id: text };
  const at = text.lastIndexOf('@');
  if (at < 0) return undefined;
  const stream = text.slice(0, at);
  const revision = text.slice(at + 1);
  if (!subjectOf(stream) || !/^(0|[1-9]\d{0,14})$/.test(revision)) return undefined;
  return { stream, revision: Number(revision) };
}
