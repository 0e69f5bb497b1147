import { type Disposable, Emitter } from '../model/event.ts';
import { LazyPart } from '../model/lazy-part.ts';
import type { MemorySession } from './memory-session.ts';
import type { SessionPool } from './pool.ts';
import type { SessionServices } from './services.ts';

/** The sessions of this window. What a session is made of is loaded when the first memory is opened. */
export class Sessions implements Disposable {
  readonly #pool: LazyPart<SessionPool>;
  readonly #made = new Emitter<MemorySession>();

  /** Fires with each session that begins. */
  readonly onDidMake = this.#made.event;

  constructor(services: SessionServices) {
    this.#pool = new LazyPart(
      async () => {
        const { SessionPool: Pool } = await import('./pool.ts');
        return new Pool(services, (session) => this.#made.fire(session));
      },
      (pool) => pool.dispose(),
    );
  }

  /** The living sessions. */
  get all(): readonly MemorySession[] {
    return this.#pool.made?.sessions ?? [];
  }

  /** Where sessions are joined and made. */
  pool(): Promise<SessionPool> {
    return this.#pool.load();
  }

  dispose(): void {
    this.#pool.dispose();
    this.#made.dispose();
  }
}
