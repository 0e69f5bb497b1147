/** Reads the files of builds on a thread of its own, so that large ones delay nothing else. It lives while there is work. */
import { Worker } from 'node:worker_threads';
import { FileFault } from '../model/program/faults.ts';
import type { ReadAnswer, Reading, Readings, ToReaders } from './readers.ts';

/** A file that needs more than this is refused; MB. */
const mostMemory = 1024;

/** Gives a file to its reader. */
export interface ReadsFiles {
  /** Rejects with `FileFault` for what cannot be read. */
  read<K extends Reading>(reading: K, params: Readings[K]['params']): Promise<Readings[K]['result']>;
  /** No file is to be read for a while. */
  rest(): void;
}

interface Waiting {
  done(answer: ReadAnswer): void;
  failed(fault: FileFault): void;
}

export class FileReader implements ReadsFiles {
  readonly #script: string;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #count = 0;

  /** @param script the path of the thread's script, `reader-thread.ts` as it was built */
  constructor(script: string) {
    this.#script = script;
  }

  read<K extends Reading>(reading: K, params: Readings[K]['params']): Promise<Readings[K]['result']> {
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, {
        done: (answer) => {
          if ('fault' in answer) {
            const { kind, place, part, found } = answer.fault;
            reject(new FileFault(kind, place, part, found));
          } else resolve(answer.result);
        },
        failed: reject,
      });
      this.#thread().postMessage({ id, reading, params } as ToReaders);
    });
  }

  rest(): void {
    if (this.#waiting.size > 0) return;
    // It has nothing to do, and ends by itself: a thread that is stopped from outside can take its process along.
    this.#worker?.postMessage(null satisfies ToReaders);
    this.#worker = undefined;
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(this.#script, {
      resourceLimits: { maxOldGenerationSizeMb: mostMemory },
      // Those of the extension host are not for it.
      execArgv: [],
    });
    worker.unref();
    worker.on('message', (answer: ReadAnswer) => {
      this.#waiting.get(answer.id)?.done(answer);
      this.#waiting.delete(answer.id);
    });
    // Whatever ends the thread, memory it does not get too, ends its reads; the next one begins another thread.
    worker.on('error', (error) => this.#ended(worker, error.message));
    worker.on('exit', () => this.#ended(worker, ''));
    this.#worker = worker;
    return worker;
  }

  #ended(worker: Worker, found: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { failed } of this.#waiting.values())
      failed(new FileFault('unreadable', {}, undefined, found));
    this.#waiting.clear();
  }
}
