import { HttpRefusal } from '../http/problems.js';
import type { Caller } from './caller.js';
import { Rate } from '../rate.js';

/** How many callers are remembered before those who have used nothing lately are forgotten. */
const MANY = 1_000;

/** How many commands may be sent in a minute with each key, and with all tokens of one name. The admin may send as many as they like. */
export class CommandRates {
  private readonly rates = new Map<string, Rate>();

  constructor(private readonly aMinute: number) {}

  /** Counts a command, or refuses it. */
  take({ name, account, roles }: Caller): void {
    if (roles.has('admin')) return;
    const wait = this.of(account).take();
    if (wait === 0) return;
    throw new HttpRefusal('too-many-commands', `${name} may send ${this.aMinute} commands a minute`, undefined, Math.ceil(wait));
  }

  private of(account: string): Rate {
    const known = this.rates.get(account);
    if (known) return known;
    if (this.rates.size >= MANY) for (const [other, rate] of this.rates) if (rate.isFull) this.rates.delete(other);
    const rate = new Rate(this.aMinute, this.aMinute / 60);
    this.rates.set(account, rate);
    return rate;
  }
}
