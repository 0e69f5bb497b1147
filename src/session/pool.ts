import type { Disposable } from '../model/event.ts';
import type { BoardLink } from './link.ts';
import { MemorySession } from './memory-session.ts';
import type { SessionServices } from './services.ts';
import type { MemoryKey } from './types.ts';

/** One holder's share of a session; dispose it once. */
export interface SessionReference extends Disposable {
  readonly session: MemorySession;
}

/** Gives every document of the same memory the same session; the last one out disposes it. */
export class SessionPool implements Disposable {
  readonly #services: SessionServices;
  readonly #made: (session: MemorySession) => void;
  readonly #entries = new Map<string, { readonly session: MemorySession; users: number }>();

  /** @param made is told each session that begins */
  constructor(services: SessionServices, made: (session: MemorySession) => void = () => undefined) {
    this.#services = services;
    this.#made = made;
  }

  /** The living sessions. */
  get sessions(): readonly MemorySession[] {
    return [...this.#entries.values()].map((entry) => entry.session);
  }

  /** Joins or makes the session of this memory. */
  acquire(link: BoardLink, key: MemoryKey): SessionReference {
    const name = `${link.id}/${key.partition}/${key.memory}`;
    let entry = this.#entries.get(name);
    if (entry === undefined || entry.session.link !== link) {
      entry = { session: new MemorySession(link, key, this.#services), users: 0 };
      this.#entries.set(name, entry);
      this.#made(entry.session);
    }
    const held = entry;
    held.users++;
    let released = false;
    return {
      session: held.session,
      dispose: () => {
        if (released) return;
        released = true;
        held.users--;
        if (held.users > 0) return;
        if (this.#entries.get(name) === held) this.#entries.delete(name);
        held.session.dispose();
      },
    };
  }

  dispose(): void {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of entries) entry.session.dispose();
  }
}
