import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Counter, Histogram, type Registry } from 'prom-client';
import { FAILURE_REASONS } from '../log/event-log.js';
import { roomUnder } from '../record/disk-error.js';
import type { RecordReader } from '../record/record-reader.js';
import type { RecordWriter } from '../record/record-writer.js';
import { reading } from './reading.js';

/** The record as it is written: what was committed, how fast, and what room is left. */
export function recordMetrics(registry: Registry, writer: RecordWriter, reader: RecordReader): void {
  const registers = [registry];
  const appended = new Counter({ name: 'zonewatch_events_appended_total', help: 'Events made durable by this process.', registers });
  const duration = new Histogram({
    name: 'zonewatch_commit_duration_seconds',
    help: 'How long the commit of a group took, with its fsync.',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  const size = new Histogram({
    name: 'zonewatch_commit_group_events',
    help: 'How many events a group had.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers,
  });
  writer.onCommit((events, took) => {
    appended.inc(events.length);
    duration.observe(took / 1000);
    size.observe(events.length);
  });

  const { counter, gauge } = reading(registry);
  const lost = () => FAILURE_REASONS.map((reason) => [writer.lost.get(reason) ?? 0, { reason }] as const);
  counter('zonewatch_commit_failures_total', 'Groups that were lost: none of their events was recorded.', lost, ['reason']);
  const failing = () => FAILURE_REASONS.map((reason) => [writer.failure?.reason === reason ? 1 : 0, { reason }] as const);
  gauge('zonewatch_writer_failing', '1 while the record cannot be written, by what keeps it from that.', failing, ['reason']);
  gauge('zonewatch_record_sequence', 'The sequence of the last event that is durable.', () => writer.head);
  gauge('zonewatch_projection_lag_events', 'How many events the stored states are behind the record.', () => reader.unfolded);
  const file = writer.db.name;
  const sizes = () => [[sizeOf(file), { file: 'record' }] as const, [sizeOf(`${file}-wal`), { file: 'wal' }] as const];
  gauge('zonewatch_record_size_bytes', 'How large record.db and its write-ahead log are.', sizes, ['file']);
  gauge('zonewatch_disk_free_bytes', 'What is free where the data folder is.', () => roomUnder(dirname(file)));
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
