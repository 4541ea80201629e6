/** How many zones the reports of the workload are spread over. */
export const ZONES = 100;

const SOURCE = { publisher: 'TASS', url: 'https://tass.com/politics/944911', lang: 'en', published: '2017-12-05' };

/** The subjects that the reports name. */
export function setUp() {
  const parties = ['syria', 'opposition'].map((id) => ({
    command: 'parties/register',
    body: { id, name: { en: id }, kind: 'state', occurred: '2016-12-29' },
  }));
  const zones = Array.from({ length: ZONES }, (_, at) => ({
    command: 'zones/report',
    body: { id: `zone-${at}`, name: { en: `Zone ${at}`, ar: `المنطقة ${at}` }, occurred: '2017-05-04', sources: [SOURCE] },
  }));
  return [...parties, ...zones];
}

/** One report of an incident, each with another text. */
export function report(number, zone) {
  return {
    command: 'zones/report-incident',
    id: `zone-${zone}`,
    body: {
      incident: 'strike',
      text: { en: `Strike number ${number} was reported on the edge of the zone.`, ar: `أُبلغ عن الضربة رقم ${number} عند أطراف المنطقة.` },
      by: ['party-syria'],
      against: ['party-opposition'],
      occurred: '2017-12-05',
      sources: [SOURCE],
      confidence: 'medium',
    },
  };
}

const DAY = 86_400_000;
/** The day that the histories of zones begin on, and how many days they go on for. */
export const HISTORY = { begins: Date.UTC(2017, 4, 4), days: 410 };
/** What else is recorded begins after the histories and goes on for this many days. */
export const FILLER = { begins: Date.UTC(2018, 10, 1), days: 2_000, eventsADay: 500 };

const PARTIES = ['russia', 'turkey', 'iran', 'syria', 'opposition', 'observers'];
const PUBLISHERS = ['TASS', 'SANA', 'Anadolu', 'IRNA', 'Reuters', 'AFP', 'Enab Baladi', 'Al-Modon', 'rferl.org', 'omanobserver.om'];
const INCIDENTS = ['strike', 'clash', 'offensive', 'aid', 'evacuation', 'capture', 'other'];

export function day(begins, days) {
  return new Date(begins + days * DAY).toISOString().slice(0, 10);
}

/** Numbers from 0 to below 1, the same in every run. */
export function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The parties, and then `zones` zones with `each` events each, in turns: what happens to a zone, in and out of the order of time. */
export function* zoneHistories(zones, each) {
  for (const id of PARTIES)
    yield { command: 'parties/register', body: { id, name: { en: id }, kind: 'state', occurred: '2016-12-29', sources: [SOURCE] } };
  for (let step = 0; step < each; step++)
    for (let zone = 0; zone < zones; zone++) {
      const { verb, ...said } = zoneStep(step, zone);
      const body = { ...said, occurred: whenInHistory(step, zone, each), sources: [SOURCE] };
      yield step === 0 ? { command: 'zones/report', body } : { command: `zones/${verb}`, id: `area-${zone}`, body };
    }
}

function zoneStep(step, zone) {
  if (step === 0)
    return {
      id: `area-${zone}`,
      name: { en: `Area ${zone}`, ar: `المنطقة ${zone}` },
      extent: { en: `The towns and villages around the road ${zone}`, ar: `البلدات والقرى المحيطة بالطريق ${zone}` },
      areas: [{ name: { en: `District ${zone}`, ar: `ناحية ${zone}` }, pcode: `SY${String(zone).padStart(2, '0')}` }],
    };
  if (step <= 3) return { verb: 'name-role', party: `party-${PARTIES[step - 1]}`, role: 'guarantor', status: 'proposed' };
  if (step === 4) return { verb: 'agree', level: 'in-principle', by: ['party-russia', 'party-turkey'] };
  if (step === 5) return { verb: 'contest-role', party: 'party-iran', role: 'guarantor', by: 'party-opposition' };
  if (step % 25 === 8)
    return { verb: 'delimit', extent: { en: `As drawn on map ${step}`, ar: `كما رُسم على الخريطة ${step}` }, level: 'final' };
  if (step % 25 === 10) return { verb: 'enter-into-force' };
  if (step % 25 === 20) return { verb: 'suspend', reason: { en: `Offensive ${step}`, ar: `هجوم ${step}` } };
  return {
    verb: 'report-incident',
    incident: INCIDENTS[step % INCIDENTS.length],
    text: { en: `Incident ${step} was reported on the edge of the area.`, ar: `أُبلغ عن الحادث ${step} عند أطراف المنطقة.` },
    by: ['party-syria'],
    against: ['party-opposition'],
    confidence: 'medium',
  };
}

/** Most reports come in the order of time; one in 7 is a month late, one in 11 knows only the month, one in 13 only four days. */
function whenInHistory(step, zone, each) {
  const days = Math.floor((step / each) * (HISTORY.days - 10)) + (zone % 3);
  if (step === 0) return day(HISTORY.begins, 0);
  if (step % 7 === 0) return day(HISTORY.begins, Math.max(1, days - 30));
  if (step % 11 === 0) return day(HISTORY.begins, days).slice(0, 7);
  if (step % 13 === 0) return `${day(HISTORY.begins, days)}/${day(HISTORY.begins, days + 3)}`;
  return day(HISTORY.begins, days);
}

/**
 * Without end, what else a record holds: statements, deployments and agreements, a new one every 20 events and the rest on those that are
 * there, old and new alike. No two say the same, none names a zone, and each number has the same event in every run.
 */
export function* filler() {
  const random = randomFrom(2017);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const party = () => `party-${pick(PARTIES)}`;
  const known = { deployment: [], agreement: [], statement: [] };
  const one = (kind) => `${kind}-${kind[0]}-${pick(known[kind])}`;
  for (let number = 0; ; number++) {
    const told = {
      occurred: day(FILLER.begins, Math.min(FILLER.days, Math.floor(number / FILLER.eventsADay))),
      sources: [{ publisher: pick(PUBLISHERS), url: `https://example.org/politics/${number}`, lang: pick(['en', 'ar', 'ru']) }],
      ...(known.statement.length && random() < 0.25 && { accordingTo: [one('statement')] }),
      confidence: pick(['low', 'medium', 'high']),
    };
    if (number % 20 === 0) {
      const kind = number % 40 === 0 ? (number % 160 === 0 ? 'agreement' : 'deployment') : 'statement';
      yield { command: `${kind}s/${kind === 'statement' ? 'make' : 'report'}`, body: { ...newSubject(kind, number), ...told } };
      known[kind].push(number);
    } else if (known.deployment.length && random() < 0.75) yield { ...onDeployment(number), id: `d-${pick(known.deployment)}` };
    else yield { ...onAgreement(number), id: `a-${pick(known.agreement)}` };

    function newSubject(kind, at) {
      const id = `${kind[0]}-${at}`;
      if (kind === 'agreement')
        return {
          id,
          title: { en: `Protocol ${at} on the opening of the road`, ar: `البروتوكول ${at} حول فتح الطريق` },
          kind: 'protocol',
          parties: ['party-russia', 'party-turkey'],
        };
      if (kind === 'deployment')
        return {
          id,
          party: party(),
          force: pick(['military-police', 'observers', 'troops']),
          task: { en: 'To take part in patrols', ar: 'المشاركة في الدوريات' },
          strength: { about: 100 + (at % 900) },
          status: 'announced',
        };
      return {
        id,
        speaker: { name: { en: `Speaker ${at % 500}`, ar: `المتحدث ${at % 500}` } },
        onBehalfOf: party(),
        attribution: 'on-record',
        lang: 'ar',
        text: {
          en: `Statement ${at}: the three mediating states agree in the main on the documents, but the final wording is still missing.`,
          ar: `التصريح ${at}: الدول الثلاث الوسيطة متفقة في الجوهر على الوثائق، غير أن صيغتها النهائية لم تُنجز بعد.`,
        },
        mentions: [one('agreement')],
      };
    }

    function onDeployment(at) {
      const place = { en: `Observation post ${at} on the road to the north`, ar: `نقطة المراقبة ${at} على الطريق إلى الشمال` };
      if (random() < 0.8) return { command: 'deployments/adjust', body: { place, strength: 100 + (at % 900), ...told } };
      return { command: 'deployments/reject', body: { by: [party()], reason: place, ...told } };
    }

    function onAgreement(at) {
      const signatory = { en: `Delegate ${at} of the delegation in Astana`, ar: `المندوب ${at} من الوفد في أستانا` };
      if (random() < 0.7) return { command: 'agreements/sign', body: { party: party(), signatory, ...told } };
      return { command: 'agreements/reject', body: { party: party(), reason: signatory, ...told } };
    }
  }
}
