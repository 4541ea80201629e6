import { Edtf, Fields, Nested, OneOf, Ref, Rule, Text } from '../body/fields.js';
import { SourceBody } from '../body/report.dto.js';
import { CONFIDENCES, type Confidence, type Json, type Localized } from '../event/event.js';

/** When and on whose word an amendment was told. All of it may be left out: an amendment is about an event, not about the world. */
class Amendment {
  @Edtf({ optional: true }) occurred?: string;
  @Ref(['statement'], { many: true, optional: true }) accordingTo?: string[];
  @OneOf(CONFIDENCES, { optional: true }) confidence?: Confidence;
}

@Rule({
  field: 'changes.id',
  rule: 'fixed',
  message: 'the id of a subject can not be corrected: retract its creation, and create the right one',
  broken: ({ changes }) => names(changes, 'id'),
})
export class CorrectEvent extends Amendment {
  /** `occurred`, `sources` or any field of the body, as they should be; null takes an optional field away. */
  @Fields() changes!: Record<string, Json>;
  @Text() reason!: Localized;
  @Nested(SourceBody, { many: true, optional: true }) sources?: SourceBody[];
}

export class RetractEvent extends Amendment {
  @Text() reason!: Localized;
  @Nested(SourceBody, { many: true, optional: true }) sources?: SourceBody[];
}

export class CorroborateEvent extends Amendment {
  @Nested(SourceBody, { many: true }) sources!: SourceBody[];
}

/** What says who tells a claim stands beside the claim. */
const BESIDE_A_CLAIM = ['id', 'sources', 'accordingTo', 'confidence'];

@Rule({
  field: 'claim',
  rule: 'claim',
  message: `a claim has fields of the event with what the other source has; ${BESIDE_A_CLAIM.join(', ')} and null have no place in it`,
  broken: ({ claim }) => BESIDE_A_CLAIM.some((field) => names(claim, field)) || Object.values(claim ?? {}).includes(null),
})
export class DisputeEvent extends Amendment {
  /** The fields as the other source has them; left out when it says that it did not happen. */
  @Fields({ optional: true }) claim?: Record<string, Json>;
  @Text() reason!: Localized;
  @Nested(SourceBody, { many: true }) sources!: SourceBody[];
}

function names(fields: unknown, name: string): boolean {
  return fields !== null && typeof fields === 'object' && Object.hasOwn(fields, name);
}
