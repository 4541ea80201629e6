import { transformFileSync } from '@swc/core';
import edtf from 'edtf';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ALWAYS, NEVER, bounds, instant } from '../../src/time/occurred.js';

/** The first and the last instant as text, so that a failure reads. */
function between(text: string): [string, string] | null {
  const found = bounds(text);
  return found && [said(found.earliest), said(found.latest)];
}

function said(time: number): string {
  if (time === ALWAYS) return 'always';
  return time === NEVER ? 'never' : new Date(time).toISOString();
}

const from = (day: string) => `${day}T00:00:00.000Z`;
const to = (day: string) => `${day}T23:59:59.999Z`;

describe('the bounds of a date', () => {
  test.each([
    ['a day', '2017-07-05', from('2017-07-05'), to('2017-07-05')],
    ['29 February of a leap year', '2016-02-29', from('2016-02-29'), to('2016-02-29')],
    ['29 February of a leap century', '2000-02-29', from('2000-02-29'), to('2000-02-29')],
    ['a month', '2017-12', from('2017-12-01'), to('2017-12-31')],
    ['February of a common year', '2017-02', from('2017-02-01'), to('2017-02-28')],
    ['February of a leap year', '2016-02', from('2016-02-01'), to('2016-02-29')],
    ['a year', '2017', from('2017-01-01'), to('2017-12-31')],
    ['the last year of four digits', '9999', from('9999-01-01'), to('9999-12-31')],
    ['an interval of days', '2017-07-04/2017-07-05', from('2017-07-04'), to('2017-07-05')],
    ['an interval of months', '2017-07/2017-08', from('2017-07-01'), to('2017-08-31')],
    ['an interval of one day', '2017-07-05/2017-07-05', from('2017-07-05'), to('2017-07-05')],
    ['an interval inside its last month', '2017-07-05/2017-07', from('2017-07-05'), to('2017-07-31')],
    ['an open end', '2017-08/..', from('2017-08-01'), 'never'],
    ['an unknown end', '2017-08/', from('2017-08-01'), 'never'],
    ['an open start', '../2017-08', 'always', to('2017-08-31')],
    ['an unknown start', '/2017-08', 'always', to('2017-08-31')],
  ])('hold %s', (_, text, earliest, latest) => expect(between(text)).toEqual([earliest, latest]));

  test.each(['?', '~', '%'])('are not widened by %s', (mark) => {
    expect(between(`2018-04-07${mark}`)).toEqual(between('2018-04-07'));
    expect(between(`2018-04${mark}`)).toEqual(between('2018-04'));
    expect(between(`2018${mark}`)).toEqual(between('2018'));
    expect(between(`2017-07-04${mark}/2017-07-05${mark}`)).toEqual(between('2017-07-04/2017-07-05'));
    expect(between(`2017-08${mark}/..`)).toEqual(between('2017-08/..'));
    expect(between(`${mark}2017-08`)).toEqual(between('2017-08'));
    expect(between(`2017-08${mark}-03`)).toEqual(between('2017-08-03'));
  });

  test.each([
    ['2017-07-05T12:00Z', '2017-07-05T12:00:00.000Z'],
    ['2017-07-05T12:00:30Z', '2017-07-05T12:00:30.000Z'],
    ['2017-07-05T12:00:30.25Z', '2017-07-05T12:00:30.250Z'],
    ['2017-07-05T12:00:00+03:00', '2017-07-05T09:00:00.000Z'],
    ['2017-07-05T12:00-05:30', '2017-07-05T17:30:00.000Z'],
    ['2017-07-05T01:00+03:00', '2017-07-04T22:00:00.000Z'],
  ])('are one instant for %s', (text, time) => {
    expect(between(text)).toEqual([time, time]);
    expect(instant(text)).toBe(Date.parse(time));
  });

  test('reach from one time to another', () => {
    expect(between('2017-07-04T10:00Z/2017-07-04T12:30+01:00')).toEqual(['2017-07-04T10:00:00.000Z', '2017-07-04T11:30:00.000Z']);
  });

  test.each([
    ['[2017-05,2017-07]', from('2017-05-01'), to('2017-07-31')],
    ['{2017-07-05,2017-05-04}', from('2017-05-04'), to('2017-07-05')],
    ['[2017-05..2017-07]', from('2017-05-01'), to('2017-07-31')],
    ['[..2017-07]', 'always', to('2017-07-31')],
    ['{2016,2017-05..}', from('2016-01-01'), 'never'],
  ])('of the set %s are those of its first and its last', (text, earliest, latest) => expect(between(text)).toEqual([earliest, latest]));

  test.each([
    ['201X', from('2010-01-01'), to('2019-12-31')],
    ['2017-XX', from('2017-01-01'), to('2017-12-31')],
    ['2017-1X', from('2017-10-01'), to('2017-12-31')],
    ['2017-07-XX', from('2017-07-01'), to('2017-07-31')],
    ['2017-07-2X', from('2017-07-20'), to('2017-07-29')],
    ['2017-02-2X', from('2017-02-20'), to('2017-02-28')],
    ['2016-02-2X', from('2016-02-20'), to('2016-02-29')],
    ['2017-XX-XX', from('2017-01-01'), to('2017-12-31')],
    ['2017-1X/2018', from('2017-10-01'), to('2018-12-31')],
  ])('of the mask %s hold all that it may stand for', (text, earliest, latest) => expect(between(text)).toEqual([earliest, latest]));

  test.each([
    ['2017-33', from('2017-01-01'), to('2017-03-31')],
    ['2017-34', from('2017-04-01'), to('2017-06-30')],
    ['2017-35', from('2017-07-01'), to('2017-09-30')],
    ['2017-36', from('2017-10-01'), to('2017-12-31')],
  ])('of the quarter %s are its three months', (text, earliest, latest) => expect(between(text)).toEqual([earliest, latest]));

  // What is refused has no bounds that could be wrong; what is taken must hold every day that it may mean, on either half of the earth.
  test.each([
    ['the northern spring', '2017-25', '2017-05-15'],
    ['the northern summer', '2017-26', '2017-08-15'],
    ['the southern winter', '2017-32', '2017-07-15'],
    ['a summer that is not said to be southern', '2017-22', '2017-07-15'],
    ['a year of two significant digits', '1950S2', '1940-01-01'],
  ])('of %s hold each day that it may mean', (_, text, day) => {
    const found = bounds(text);
    if (found) expect([found.earliest <= Date.parse(day), found.latest >= Date.parse(day)]).toEqual([true, true]);
  });

  test.each([
    ['2017-37', '2017-04-30'],
    ['2017-38', '2017-08-31'],
  ])('of the third of a year %s end with its fourth month', (text, end) => expect(between(text)?.[1] ?? to(end)).toBe(to(end)));
});

describe('what is no date', () => {
  test.each([
    ['29 February of a common year', '2017-02-29'],
    ['29 February of a common year, uncertain', '2017-02-29?'],
    ['29 February of a common year in an interval', '2017-02-01/2017-02-29'],
    ['29 February of a common year in a set', '[2017-02-29]'],
    ['29 February of a common year with a time', '2017-02-29T12:00Z'],
    ['29 February of a common century', '1900-02-29'],
    ['31 April', '2017-04-31'],
    ['day 0', '2017-01-00'],
    ['day 32', '2017-01-32'],
    ['month 13', '2017-13'],
    ['a day in month 13', '2017-13-01'],
    ['month 0', '2017-00'],
    ['a day in month 0', '2017-00-10'],
    ['month 13 in an interval', '2017-13/2018'],
    ['a day that no February has', '2017-02-3X'],
    ['a reversed interval', '2017-07-05/2017-07-04'],
    ['a reversed interval of months', '2017-08/2017-07'],
    ['a reversed range in a set', '[2017-07..2017-05]'],
    ['an interval without ends', '../..'],
    ['an interval with nothing in it', '/'],
    ['an interval of three', '2017/2018/2019'],
    ['a set without members', '[]'],
    ['a set with a hole', '[2017-05,]'],
    ['a set in a set', '[[2017]]'],
    ['a time without offset', '2017-07-05T12:00:00'],
    ['a time without offset in an interval', '2017-07-05T12:00/2017-07-05T13:00Z'],
    ['an hour alone', '2017-07-05T12Z'],
    ['an hour that no day has', '2017-07-05T25:00Z'],
    ['a minute that no hour has', '2017-07-05T12:60Z'],
    ['an offset that nobody lives in', '2017-07-05T12:00+99:00'],
    ['a small t', '2017-07-05t12:00Z'],
    ['eight digits', '20170705'],
    ['milliseconds', '1499212800000'],
    ['a nought', '0'],
    ['three digits', '201'],
    ['nothing', ''],
    ['a space', ' '],
    ['a space before it', ' 2017-07-05'],
    ['a line break behind it', '2017-07-05\n'],
    ['an Arabic date', '٢٠١٧-٠٧-٠٥'],
    ['one digit for a month', '2017-7-5'],
    ['the day first', '05-07-2017'],
    ['slashes', '2017/07/05'],
    ['two marks', '2017-07-05?~'],
    ['a week', '2017-W27'],
    ['a day of the year', '2017-186'],
    ['a year beyond the ends of time', 'Y17000000002'],
    ['words', 'early July 2017'],
    ['a script', '<script>alert(1)</script>'],
    ['a lone surrogate', '\ud800'],
    ['a zero byte', '2017\0'],
    ['the name of what every object has', 'toString'],
    ['a long list of years', `[${Array(30).fill('2017').join()}]`],
    ['many brackets', '['.repeat(128)],
    ['many masks', 'X'.repeat(128)],
    ['a megabyte', '2017-07-05?'.repeat(100_000)],
  ])('is %s', (_, text) => {
    expect(bounds(text)).toBeNull();
    expect(bounds(text)).toBeNull();
    expect(instant(text)).toBeNull();
  });

  // The `edtf` library moves it to 1 March.
  test.each(['2017-?02-29', '2017?-02-29', '2017-02?-29', '201X-02-29'])(
    'is %s, which the calendar does not have or not always',
    (text) => {
      const found = bounds(text);
      if (found) expect(new Date(found.latest).getUTCMonth()).toBe(1);
    },
  );

  test('is a day or a month, where an instant is asked for', () => {
    expect(['2017-07-05', '2017-07', '2017', '2017-07-05T12:00'].map(instant)).toEqual([null, null, null, null]);
  });
});

test('bounds are the same in every time zone of the machine', () => {
  const texts = [
    '2017-03-26',
    '2017-10',
    '2017-10-29T02:30+01:00',
    '2017-1X',
    '2017-33',
    '2017-?03',
    '2017-03-26/..',
    '[2017-03-26,2017-10-29]',
  ];
  const path = fileURLToPath(new URL('../../src/time/occurred.ts', import.meta.url));
  const { code } = transformFileSync(path, { swcrc: false, jsc: { parser: { syntax: 'typescript' }, target: 'es2023' } });
  const input = `${code}\nconsole.log(JSON.stringify(${JSON.stringify(texts)}.map(bounds)));`;
  for (const TZ of ['UTC', 'Pacific/Kiritimati', 'America/St_Johns', 'Asia/Damascus', 'Europe/Berlin']) {
    const told = execFileSync(process.execPath, ['--input-type=module'], { input, encoding: 'utf8', env: { TZ } });
    expect({ TZ, bounds: JSON.parse(told) }).toEqual({ TZ, bounds: texts.map(bounds) });
  }
});

test('the edtf library reads plain dates alike', () => {
  const days = Array.from({ length: 1_100 }, (_, day) => new Date(Date.UTC(2016, 0, 1 + day)).toISOString().slice(0, 10));
  const months = [...new Set(days.map((day) => day.slice(0, 7)))];
  const texts = [...days, ...months, '1917', '2016', '2017', '2018~', ...months.map((month) => `2015-06-07/${month}`)];
  const theirs = texts.map((text) => {
    const { min, max } = edtf(text);
    return { text, earliest: min, latest: max };
  });
  expect(texts.map((text) => ({ text, ...bounds(text) }))).toEqual(theirs);
});
