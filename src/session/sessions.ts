import type { Disposable } from '../model/event.ts';
import type { MemorySession } from './memory-session.ts';
import type { SessionPool } from './pool.ts';
import type { SessionServices } from './services.ts';

/** The sessions of this window. What a session is made of is loaded when the first memory is opened. */
export class Sessions implements Disposable {
  readonly #services: SessionServices;
  #loading: Promise<SessionPool> | undefined;
  #loaded: SessionPool | undefined;

  constructor(services: SessionServices) {
    this.#services = services;
  }

  /** The living sessions. */
  get all(): readonly MemorySession[] {
    return this.#loaded?.sessions ?? [];
  }

  /** Where sessions are joined and made. */
  pool(): Promise<SessionPool> {
    this.#loading ??= import('./pool.ts').then(({ SessionPool: Pool }) => {
      this.#loaded = new Pool(this.#services);
      return this.#loaded;
    });
    return this.#loading;
  }

  dispose(): void {
    this.#loaded?.dispose();
  }
}
