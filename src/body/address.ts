/**
 * The address that a text is. Not by `URL.canParse`: once that of Node 20 has run often, it refuses what is not ASCII, and so every Arabic
 * address.
 */
export function addressOf(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
