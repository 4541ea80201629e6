import { Histogram, type Registry } from 'prom-client';
import { FRAME_KINDS, TRANSPORTS, type Traffic, type Transport } from '../feed/traffic.js';
import { reading } from './reading.js';

const STATES = ['live', 'paging'] as const;

/** The feed: who follows, how far behind, and what was sent. */
export function feedMetrics(registry: Registry, traffic: Traffic, head: () => number): void {
  const { counter, gauge } = reading(registry);
  const byTransport = (numbers: Record<Transport, number>) => () =>
    TRANSPORTS.map((transport) => [numbers[transport], { transport }] as const);
  const byCode = (numbers: Record<string, number>) => () => Object.entries(numbers).map(([code, number]) => [number, { code }] as const);

  gauge('zonewatch_feed_connections', 'Readers that are connected.', byTransport(traffic.connections), ['transport']);
  const subscriptions = () =>
    TRANSPORTS.flatMap((transport) => {
      const own = [...traffic.subscribers].filter((one) => one.transport === transport);
      const live = own.filter(({ isLive }) => isLive).length;
      return STATES.map((state) => [state === 'live' ? live : own.length - live, { transport, state }] as const);
    });
  const labels = ['transport', 'state'];
  gauge('zonewatch_feed_subscriptions', 'Subscriptions at the head (live) and behind it (paging).', subscriptions, labels);
  const farthest = () => {
    let most = 0;
    for (const lag of lags(traffic, head())) most = Math.max(most, lag);
    return most;
  };
  gauge('zonewatch_feed_lag_max_events', 'How many events the subscription is behind that is farthest behind.', farthest);
  new Histogram({
    name: 'zonewatch_feed_lag_events',
    help: 'How many events subscriptions are behind: each is counted once whenever metrics are read.',
    buckets: [0, 1, 10, 100, 1_000, 10_000, 100_000, 1_000_000],
    registers: [registry],
    collect() {
      for (const lag of lags(traffic, head())) this.observe(lag);
    },
  });

  const frames = () =>
    TRANSPORTS.flatMap((transport) => FRAME_KINDS.map((kind) => [traffic.frames[transport][kind], { transport, kind }] as const));
  counter('zonewatch_feed_frames_sent_total', 'Frames, each as often as it was sent.', frames, ['transport', 'kind']);
  const bytes = byTransport(traffic.bytes);
  counter('zonewatch_feed_sent_bytes_total', 'Bytes of events, each as often as it was sent.', bytes, ['transport']);
  const demotions = byTransport(traffic.demotions);
  const demoted = 'Subscriptions at the head that took too little and went back to paging.';
  counter('zonewatch_feed_demotions_total', demoted, demotions, ['transport']);
  const closes = 'Subscriptions and connections that the service ended, by the code that it told.';
  counter('zonewatch_feed_closes_total', closes, byCode(traffic.closes), ['code']);
  counter('zonewatch_feed_refusals_total', 'Connections and messages that were refused.', byCode(traffic.refusals), ['code']);
  const fanOut = () => traffic.fanOut / 1000;
  counter('zonewatch_feed_fan_out_seconds_total', 'How long it took to send groups to all who follow.', fanOut);
}

/** Whoever is live has been sent all that there is for it. */
function* lags({ subscribers }: Traffic, head: number): Generator<number> {
  for (const { isLive, position } of subscribers) yield isLive ? 0 : head - position;
}
