/**
 * A socket by long polling that asks on until its connection is closed, and then tells what it was told. Socket.IO's own client asks no more
 * once it is told of the end, and the server keeps a timer of 30 s for it.
 */
export async function pollFeed(address: string, token: string) {
  const door = `${address}/socket.io/?EIO=4&transport=polling`;
  const { sid } = JSON.parse((await (await fetch(door)).text()).slice(1)) as { sid: string };
  const place = `${door}&sid=${sid}`;
  const send = async (packet: string) => void (await (await fetch(place, { method: 'POST', body: packet })).text());
  const ask = async () => {
    const response = await fetch(place);
    return response.ok ? (await response.text()).split('\x1e') : [CLOSE];
  };
  await send(`40/feed,${JSON.stringify({ token })}`);
  const first = await ask();
  if (!first.some((packet) => packet.startsWith('40/feed,'))) throw new Error(`the socket was refused: ${first.join()}`);
  const untilClosed = async () => {
    const said: string[] = [];
    while (!said.includes(CLOSE)) {
      said.push(...(await ask()));
      if (said.at(-1) === PING) await send(PONG);
    }
    return said;
  };
  return { send, said: untilClosed() };
}

/** Engine.IO's packets. */
const [CLOSE, PING, PONG] = ['1', '2', '3'];
