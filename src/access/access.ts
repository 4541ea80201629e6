import type { Config } from '../config.js';
import { AdminKey, adminKeyOf } from './admin-key.js';
import { ApiKeys } from './api-keys.js';
import { CommandRates } from './command-rates.js';
import { Sessions } from './sessions.js';
import { SignIn } from './sign-in.js';
import { Tokens } from './tokens.js';

/** Who may come in, as the settings and the data folder have it. */
export interface Access {
  signIn: SignIn;
  keys: ApiKeys;
  sessions: Sessions;
  rates: CommandRates;
  adminKey: string;
  /** An admin key that was made just now, to be shown this once. */
  madeKey: string | undefined;
  close(): void;
}

/** Opens the doors of a data folder. `onFailure` is told where the keys can't be read any more. */
export async function openAccess(config: Config, onFailure: (error: unknown) => void): Promise<Access> {
  const { data, adminKey, jwt, publicRead, commandsAMinute } = config;
  const tokens = jwt && (await Tokens.of(jwt));
  const { secret, made } = adminKeyOf(data, adminKey);
  const keys = ApiKeys.open(data, onFailure);
  const sessions = new Sessions(keys);
  const close = () => {
    sessions.close();
    keys.close();
  };
  return {
    signIn: new SignIn(new AdminKey(secret), keys, tokens, publicRead),
    keys,
    sessions,
    rates: new CommandRates(commandsAMinute),
    adminKey: secret,
    madeKey: made && secret,
    close,
  };
}
