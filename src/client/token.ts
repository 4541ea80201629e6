/** A credential, or what gets one. */
export type Token = string | (() => string | Promise<string>);

export async function tokenNow(token: Token | undefined): Promise<string | undefined> {
  return typeof token === 'function' ? token() : token;
}
