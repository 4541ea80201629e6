import { Controller, Get, Inject, Query as QueryOf } from '@nestjs/common';
import { Needs } from '../access/guard.js';
import type { Json } from '../event/event.js';
import type { State } from '../folding/state.js';
import { Query, pageBehind, type RawQuery } from '../http/query.js';
import { Reads } from '../http/reads.js';
import { COMMITMENT_STATUSES } from './commitment.js';

/** The commitments of all agreements, as they stand at an instant. */
@Controller('v1/commitments')
export class CommitmentsController {
  constructor(@Inject(Reads) private readonly reads: Reads) {}

  @Get()
  @Needs('subscriber')
  async list(@QueryOf() raw: RawQuery) {
    const query = new Query(raw);
    const limit = query.limit();
    const cursor = query.cursor();
    const status = query.oneOf('status', COMMITMENT_STATUSES);
    const party = query.streams('party', 'party');
    const zone = query.streams('zone', 'zone');
    const agreement = query.streams('agreement', 'agreement');
    const from = await this.reads.standpoint(query, cursor);
    const meets = (wanted: string[] | undefined, has: Json | undefined) =>
      !wanted || wanted.some((name) => (has as string[]).includes(name));
    const found: Listed[] = [];
    for await (const state of this.reads.record.states('agreement', { fields: {} }, from)) {
      // What an agreement that was taken back says binds nobody.
      if (state['retracted']) continue;
      if (!meets(agreement, [state.stream]) || !meets(zone, state['zones'])) continue;
      for (const commitment of commitmentsOf(state))
        if (meets(status, [commitment.status]) && meets(party, commitment.parties)) found.push(commitment);
    }
    found.sort((a, b) => (place(a) < place(b) ? -1 : 1));
    const { page, next } = pageBehind(found, place, cursor, limit, from.at);
    return this.reads.reply(from, page, { next, readsTheClock: true });
  }
}

interface Listed {
  id: string;
  agreement: string;
  parties: string[];
  status: string;
}

function commitmentsOf({ stream, commitments }: State): Listed[] {
  return (commitments as unknown as Omit<Listed, 'agreement'>[]).map(({ id, ...rest }) => ({ id, agreement: stream, ...rest }));
}

/** Where a commitment stands in the list. */
function place({ agreement, id }: Listed): string {
  return `${agreement}/${id}`;
}
