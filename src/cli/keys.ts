import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ApiKeys, type ApiKey } from '../access/api-keys.js';
import { ExpireBody, KeyBody, checked } from '../access/key.dto.js';

export interface KeysOptions {
  data: string;
  json?: true;
}

export interface MakeOptions {
  roles: string[];
  expires?: string;
}

/** `zonewatch keys ...`. A running service has what is done here within a second. */
export function keysCommand({ data, json }: KeysOptions) {
  if (!existsSync(join(data, 'record.db')))
    throw new Error(`there is no record in ${data}. Name the data folder with --data, or set ZONEWATCH_DATA; the first start makes one.`);
  const run = <T>(act: (keys: ApiKeys) => T, show: (found: T) => string): void => {
    const keys = ApiKeys.open(data);
    try {
      const found = act(keys);
      console.log(json ? JSON.stringify(found) : show(found));
    } finally {
      keys.close();
    }
  };
  return {
    list: () => run((keys) => keys.list(), table),
    make: (name: string, { roles, expires }: MakeOptions) =>
      run(
        (keys) => keys.make(checked(KeyBody, { name, roles, ...(expires !== undefined && { expires }) }), 'command-line'),
        ({ key, ...made }) => `${line(made)}\nThe key, shown this once:\n${key}`,
      ),
    expire: (id: string, expires: string) => run((keys) => known(keys.expire(id, checked(ExpireBody, { expires })), id), line),
    revoke: (id: string) => run((keys) => known(keys.revoke(id), id), line),
  };
}

function known(key: ApiKey | undefined, id: string): ApiKey {
  if (key) return key;
  throw new Error(`there is no key ${JSON.stringify(id.slice(0, 40))}; \`zonewatch keys\` lists them`);
}

function table(keys: readonly ApiKey[]): string {
  return keys.length === 0
    ? 'There are no keys but the admin key. `zonewatch keys make <name> --roles recorder` makes one.'
    : keys.map(line).join('\n');
}

function line({ id, name, roles, made, expires, revoked }: ApiKey): string {
  const end = revoked ? `revoked ${revoked}` : expires ? `expires ${expires}` : 'does not expire';
  return `${id}  ${name.padEnd(20)}  ${roles.join(',').padEnd(20)}  made ${made}  ${end}`;
}
