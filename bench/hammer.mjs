import { connect } from 'node:net';

/**
 * Sends requests over a number of connections, one after another on each, with as little work as a client can do, so that the server is
 * what is measured. Resolves to requests a second; rejects at the first answer that is no success.
 */
export async function hammer({ address, connections, requests, key, post }) {
  const { hostname, port } = new URL(address);
  let next = 0;
  const prepared = Array.from({ length: requests }, (_, at) => {
    const { path, body } = post(at);
    const text = JSON.stringify(body);
    return `POST ${path} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
  });
  const run = () =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      let got = '';
      const send = () => (next < requests ? socket.write(prepared[next++]) : (socket.end(), resolve()));
      socket.on('connect', send).on('error', reject).setEncoding('latin1');
      socket.on('data', (piece) => {
        got += piece;
        const end = got.indexOf('\r\n\r\n');
        if (end < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(got)[1]);
        if (got.length < end + 4 + length) return;
        if (!got.startsWith('HTTP/1.1 20')) return reject(new Error(got));
        got = '';
        send();
      });
    });
  const start = process.hrtime.bigint();
  await Promise.all(Array.from({ length: connections }, run));
  return requests / (Number(process.hrtime.bigint() - start) / 1e9);
}
