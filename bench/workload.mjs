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
