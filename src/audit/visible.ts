/** A stranger's text in what goes to a terminal: it must not write there what was never said, and not at any length. */
export function visible(text: string): string {
  return text.slice(0, 300).replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (hidden) => `\\u{${hidden.codePointAt(0)!.toString(16)}}`);
}
