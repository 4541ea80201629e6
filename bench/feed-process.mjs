// How the processes of bench/feed.mjs talk: one asks by a name, the other answers.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Milliseconds of a clock that all processes of the machine share and nobody sets. */
export const now = () => Number(process.hrtime.bigint()) / 1e6;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** In a child: answers what is asked by the handlers' names, until the parent is gone. */
export function answer(handlers, close = () => {}) {
  process.on('message', async ({ number, ask, said }) => {
    try {
      process.send({ number, answer: (await handlers[ask](said)) ?? null });
    } catch (error) {
      process.send({ number, error: error.stack });
    }
  });
  process.on('disconnect', async () => {
    await close();
    process.exit();
  });
  // ^C reaches all of them at once: the parent is the one to end.
  process.on('SIGINT', () => {});
  process.send('ready');
}

/** Starts a child. What it is asked rejects where it fails or ends. */
export async function start(file, args, execArgv) {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv });
  const waiting = new Map();
  let number = 0;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  await new Promise((resolve, reject) => {
    child.once('message', resolve);
    void exited.then((code) => reject(new Error(`${file} ${args.join(' ')} ended (${code})`)));
  });
  child.on('message', ({ number: of, answer: told, error }) => {
    const { resolve, reject } = waiting.get(of);
    waiting.delete(of);
    if (error === undefined) resolve(told);
    else reject(new Error(error));
  });
  void exited.then((code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ${args.join(' ')} ended (${code})`));
  });
  const ask = (name, said) =>
    new Promise((resolve, reject) => {
      number += 1;
      waiting.set(number, { resolve, reject });
      child.send({ number, ask: name, said });
    });
  const stop = async () => {
    if (child.connected) child.disconnect();
    await exited;
  };
  return { ask, stop, pid: child.pid };
}

/** Resident memory of a process, in bytes. */
export function residentMemory(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

/** The processor time that a process has taken, in milliseconds. Linux counts it in hundredths of a second. */
export function processorTime(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
