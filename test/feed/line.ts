import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** The way between one client and a service, wherever that is at the moment. It can go silent without either end being told. */
export class Line {
  /** Each connection: its end at the client, and its end at the service. */
  private readonly links = new Map<Socket, Socket>();
  /** The service's ends of connections that no client has any more. */
  private readonly lost = new Set<Socket>();
  private isHeld = false;
  private readonly entrance = createServer((near) => this.carry(near));

  /** @param exit where the service is, asked whenever a client connects */
  constructor(private readonly exit: () => string) {}

  /** Opens it. Returns where the client is to connect. */
  async open(): Promise<string> {
    await once(this.entrance.listen(0, '127.0.0.1'), 'listening');
    return `http://127.0.0.1:${(this.entrance.address() as AddressInfo).port}`;
  }

  /** Nothing passes any more, in either direction. */
  hold(): void {
    this.isHeld = true;
    for (const [near, far] of this.links) for (const end of [near.unpipe(far), far.unpipe(near)]) end.pause();
  }

  /** What was held back goes on as if nothing had been. */
  release(): void {
    this.isHeld = false;
    for (const [near, far] of this.links) near.pipe(far).pipe(near);
  }

  /** The client finds its connections gone. Nothing tells the service, to which they look as they did before. */
  lose(): void {
    this.hold();
    for (const [near, far] of this.links) {
      this.lost.add(far);
      this.links.delete(near);
      near.destroy();
    }
    this.isHeld = false;
  }

  /** Both ends find their connections gone. */
  cut(): void {
    for (const near of this.links.keys()) near.destroy();
  }

  close(): void {
    this.entrance.close();
    this.cut();
    for (const far of this.lost) far.destroy();
  }

  private carry(near: Socket): void {
    const { hostname, port } = new URL(this.exit());
    const far = connect(Number(port), hostname);
    this.links.set(near, far);
    for (const end of [near, far]) end.setNoDelay().on('error', () => end.destroy());
    near.once('close', () => this.links.delete(near) && far.destroy());
    far.once('close', () => this.lost.delete(far) || near.destroy());
    if (!this.isHeld) near.pipe(far).pipe(near);
  }
}
