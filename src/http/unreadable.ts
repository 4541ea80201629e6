import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { problemText } from './problems.js';

/** What Node could not read as a request, and what is wrong with it. */
const FAULTS: Record<string, [status: number, detail: string]> = {
  HPE_HEADER_OVERFLOW: [431, 'the head of a request may have 16,384 bytes'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the head of a request must be there within 10 s'],
};

/** Answers what is no request. There is none to answer by, so the connection ends with it. */
export function unreadable({ code = '' }: Error & { code?: string }, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, detail] = FAULTS[code] ?? [400, 'this is no HTTP request'];
  const body = JSON.stringify({ ...JSON.parse(problemText('malformed', detail)), title: STATUS_CODES[status], status });
  const head = `content-type: application/problem+json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`;
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n\r\n${body}`);
}
