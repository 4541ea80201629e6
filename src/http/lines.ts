const NEWLINE = 0x0a;

/**
 * The lines of a stream of bytes, as soon as each is whole; the last needs no newline. Of a line that is longer than `max` bytes only its
 * place is given (null): the rest is passed over without being kept. A stream that breaks off throws, and its unfinished line is dropped.
 */
export async function* linesOf(stream: AsyncIterable<Uint8Array>, max: number): AsyncGenerator<Buffer | null> {
  let parts: Buffer[] = [];
  let length = 0;
  const take = () => {
    const line = length > max ? null : Buffer.concat(parts, length);
    parts = [];
    length = 0;
    return line;
  };
  const keep = (part: Buffer) => {
    length += part.length;
    if (length <= max) parts.push(part);
    else parts = [];
  };
  for await (const piece of stream) {
    const chunk = Buffer.isBuffer(piece) ? piece : Buffer.from(piece);
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
      keep(chunk.subarray(from, to));
      yield take();
      from = to + 1;
    }
    if (from < chunk.length) keep(chunk.subarray(from));
  }
  if (length > 0) yield take();
}
