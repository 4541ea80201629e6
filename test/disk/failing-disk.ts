import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Lets system calls of a running process fail that concern some paths, as a disk does that is broken. */
export class FailingDisk {
  private readonly ended: Promise<unknown>;

  private constructor(private readonly tracer: ChildProcess) {
    // It also ends with the process that it traces.
    this.ended = once(tracer, 'close');
  }

  /** `faults` as strace has them: `fdatasync:error=EIO`, `fsync:error=EIO:when=2`. */
  static async begin(pid: number, paths: readonly string[], ...faults: string[]): Promise<FailingDisk> {
    const calls = faults.map((fault) => fault.split(':')[0]).join();
    const injected = faults.flatMap((fault) => ['-e', `inject=${fault}`]);
    const concerned = paths.flatMap((path) => ['-P', path]);
    const args = ['-f', '-o', '/dev/null', ...concerned, '-e', `trace=${calls}`, ...injected, '-p', String(pid)];
    const tracer = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const disk = new FailingDisk(tracer);
    // It says so when it has hold of the process.
    await once(tracer.stderr!, 'data');
    tracer.stderr!.resume();
    return disk;
  }

  /** The disk is well again. */
  async end(): Promise<void> {
    this.tracer.kill('SIGINT');
    await this.ended;
  }
}

/** Why system calls can't be made to fail here; undefined where they can. */
export function whyNoFailingDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'zonewatch-strace-'));
  try {
    const script = `try { fs.fsyncSync(fs.openSync(${JSON.stringify(join(folder, 'f'))}, 'w')) } catch (error) { process.exit(error.code === 'EIO' ? 7 : 1) }`;
    execFileSync('strace', ['-f', '-o', '/dev/null', '-e', 'inject=fsync:error=EIO', process.execPath, '-e', script], { stdio: 'pipe' });
    return 'strace does not let a system call fail';
  } catch (error) {
    const { status, code, stderr } = error as { status?: number; code?: string; stderr?: unknown };
    if (status === 7) return undefined;
    return code === 'ENOENT' ? 'there is no strace' : `strace may not trace here: ${String(stderr ?? code).trim()}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
