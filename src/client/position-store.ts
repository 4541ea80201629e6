import { readFile, rename, writeFile } from 'node:fs/promises';

/** A place in a record: the consumer has taken all that is up to `position`. */
export interface At {
  epoch: string;
  position: number;
}

/** Where a position outlives the process. One follower at a time saves to it, and one save at a time is asked for. */
export interface PositionStore {
  /** What was saved last; undefined where nothing was. */
  load(): Promise<At | undefined>;
  save(at: At): Promise<void>;
}

/** Keeps a position as long as this process runs. */
export function memoryStore(at?: At): PositionStore {
  return {
    load: async () => at,
    save: async (next) => void (at = next),
  };
}

/**
 * Keeps a position in a file, `{"epoch":"...","position":83}`. Its folder must exist. A save replaces the file in one step, so a crash leaves the
 * old position or the new one. `load` rejects where the file holds something else: to begin anew would repeat everything.
 */
export function fileStore(path: string): PositionStore {
  const next = `${path}.tmp`;
  return {
    async load() {
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        return undefined;
      });
      return text === undefined ? undefined : read(text, path);
    },
    async save({ epoch, position }) {
      // Flushed first: else a power cut could leave the new name with nothing behind it.
      await writeFile(next, `${JSON.stringify({ epoch, position })}\n`, { flush: true });
      await rename(next, path);
    },
  };
}

function read(text: string, path: string): At {
  try {
    const { epoch, position } = JSON.parse(text) as Partial<At>;
    if (typeof epoch === 'string' && Number.isSafeInteger(position) && position! >= 0) return { epoch, position: position! };
  } catch {
    // Told below.
  }
  throw new Error(`${path} does not hold a position; remove it to begin anew`);
}

/** Saves the newest position, one save at a time; those in between are passed over where the store is slower than the events. */
export class Saver {
  private next: At | undefined;
  private saving: Promise<void> | undefined;

  constructor(
    private readonly store: PositionStore | undefined,
    private readonly failed: (error: unknown) => void,
  ) {}

  save(at: At): void {
    if (!this.store) return;
    this.next = at;
    this.saving ??= this.saveAll(this.store);
  }

  /** Resolves when the newest position is saved. */
  async idle(): Promise<void> {
    await this.saving;
  }

  private async saveAll(store: PositionStore): Promise<void> {
    // What is taken in this same turn is one save.
    await Promise.resolve();
    try {
      for (let at = this.next; at; at = this.next) {
        this.next = undefined;
        await store.save(at);
      }
    } catch (error) {
      this.failed(error);
    } finally {
      this.saving = undefined;
    }
  }
}
