import { CONFIDENCES, type Confidence } from '../event/event.js';
import { Edtf, Language, Line, Nested, OneOf, Ref, Sha256, WebAddress } from './fields.js';

/** Where a report was read. Outlets with one origin are one source. */
export class SourceBody {
  @Line() publisher!: string;
  @Line({ optional: true }) origin?: string;
  @Line({ optional: true }) title?: string;
  @WebAddress({ optional: true }) url?: string;
  @Edtf({ optional: true }) published?: string;
  @WebAddress({ optional: true }) archivedUrl?: string;
  @Sha256({ optional: true }) sha256?: string;
  @Language({ optional: true }) lang?: string;
}

/** When something happened, on whose word, and how sure the reporter is. */
export class Told {
  @Edtf() occurred!: string;
  @Ref(['statement'], { many: true, optional: true }) accordingTo?: string[];
  @OneOf(CONFIDENCES, { optional: true }) confidence?: Confidence;
}

/** What is told with the sources that it was read in. */
export class Report extends Told {
  @Nested(SourceBody, { many: true }) sources!: SourceBody[];
}

/** The fields of a body that belong to its event rather than to the event's data. */
export type Frame = keyof Report | 'id';

/** What of a body becomes its event's data. */
export type Data<Body> = Omit<Body, Frame>;
