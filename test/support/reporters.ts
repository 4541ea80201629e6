import { Agent, request } from 'node:http';
import { KEY } from './start-process.js';

/** A report of an incident, and what the service answered. */
export interface Report {
  zone: string;
  /** Its text, and its `Idempotency-Key`. */
  text: string;
  reply?: { id: string; stream: string; revision: number; sequence: number; eventId: string };
  /** The code with which it was refused last. */
  refused?: string;
}

const told = { occurred: '2017-07-05', sources: [{ publisher: 'TASS' }] };

/** Sends reports to a service that may be gone at any moment. */
export class Reporters {
  private readonly agent = new Agent({ keepAlive: true });

  constructor(private readonly address: string) {}

  async create(zone: string): Promise<void> {
    if (!(await this.post('/v1/zones', `create-${zone}`, { ...told, id: zone, name: { en: zone } })))
      throw new Error(`${zone} was not made`);
  }

  /** Sends a report and keeps the reply with it. Nothing where the service is gone or going; any other answer is an error. */
  async send(report: Report): Promise<Report['reply']> {
    const body = { ...told, incident: 'clash', text: { en: report.text } };
    const refused = (code: string) => void (report.refused = code);
    delete report.refused;
    const reply = await this.post(`/v1/zones/${report.zone}/report-incident`, report.text, body, refused);
    return reply && (report.reply = reply);
  }

  close(): void {
    this.agent.destroy();
  }

  private post(path: string, key: string, body: unknown, refused: (code: string) => void = () => {}): Promise<Report['reply']> {
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'idempotency-key': key };
      const gone = () => resolve(undefined);
      const sent = request(this.address + path, { method: 'POST', agent: this.agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('error', gone);
        response.on('end', () => {
          if (response.statusCode === 503) {
            refused((JSON.parse(text) as { code: string }).code);
            resolve(undefined);
          } else if (response.statusCode === 201) resolve(JSON.parse(text) as NonNullable<Report['reply']>);
          else reject(new Error(`${response.statusCode} ${text}`));
        });
      });
      sent.on('error', gone);
      sent.end(JSON.stringify(body));
    });
  }
}
