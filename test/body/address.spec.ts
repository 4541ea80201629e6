import { validate } from 'class-validator';
import { addressOf } from '../../src/body/address.js';
import { WebAddress } from '../../src/body/fields.js';

test('an address in Arabic is one, however often it is asked', () => {
  const address = 'https://ar.example.org/أخبار/آستانة';
  for (let times = 0; times < 50_000; times++) if (!addressOf(address)) throw new Error(`refused after ${times} times`);
  expect(addressOf('https://[')).toBeUndefined();
});

test('the source of a report may have such an address, however many there were before', async () => {
  class Source {
    @WebAddress() url = 'https://ar.example.org/أخبار/آستانة';
  }
  for (let times = 0; times < 5_000; times++) expect(await validate(new Source())).toEqual([]);
});
