import type { Json } from '../event/event.js';
import { subjectOf } from '../event/subject.js';
import { disputesOf } from './disputed.js';
import { StateView, type Folded, type Projection } from './fold.js';

/** A state as reads serve it: each kind's own fields stand beside these. */
export interface State extends Record<string, Json | undefined> {
  id: string;
  stream: string;
  revision: number;
  sequence: number;
}

/** What a subject's state reads at the instant `now`. */
export function present(projection: Projection, folded: Folded, now: number): State {
  const { disputed, settled } = disputesOf(projection, folded, now);
  return {
    id: subjectOf(folded.stream)!.id,
    stream: folded.stream,
    revision: folded.revision,
    sequence: folded.sequence,
    ...projection.view(new StateView(folded), now),
    anomalies: folded.anomalies as unknown as Json,
    disputed: disputed as unknown as Json,
    ...(settled.length && { settled: settled as unknown as Json }),
    uncertain: uncertain(folded),
    retracted: folded.retracted ?? false,
    because: folded.because as unknown as Json,
  };
}

/**
 * The fields that the order of recording decided, because the bounds of their facts overlap, and those that may have been set only after the
 * instant that was asked for.
 */
function uncertain(folded: Folded): string[] {
  const fields = new Set<string>(folded.straddled);
  for (const [name, { rivals }] of Object.entries(folded.registers)) if (rivals) fields.add(name.split('/')[0]!);
  return [...fields];
}
