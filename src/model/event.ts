/** Something that can be let go. Calling `dispose` twice is harmless. */
export interface Disposable {
  dispose(): void;
}

/** Subscribes a listener; dispose the result to unsubscribe. Structurally compatible with `vscode.Event`. */
export type Event<T> = (listener: (event: T) => void) => Disposable;

/** Fires events to its listeners, in subscription order, on the caller's thread. */
export class Emitter<T> implements Disposable {
  readonly #listeners = new Set<{ call: (event: T) => void }>();
  #disposed = false;

  /** The subscription side. After `dispose`, subscribing does nothing. */
  readonly event: Event<T> = (listener) => {
    const entry = { call: listener };
    if (!this.#disposed) this.#listeners.add(entry);
    return { dispose: () => this.#listeners.delete(entry) };
  };

  /** Calls every listener. A listener that throws does not keep the others from being called; the first error is thrown afterwards. */
  fire(event: T): void {
    const failures: unknown[] = [];
    for (const entry of [...this.#listeners]) {
      try {
        entry.call(event);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  dispose(): void {
    this.#disposed = true;
    this.#listeners.clear();
  }
}

/** A list of disposables that disposes at once whatever is added after it was disposed. */
export class DisposableStore implements Disposable {
  readonly #items = new Set<Disposable>();
  #disposed = false;

  add<T extends Disposable>(item: T): T {
    if (this.#disposed) item.dispose();
    else this.#items.add(item);
    return item;
  }

  dispose(): void {
    this.#disposed = true;
    const items = [...this.#items].reverse();
    this.#items.clear();
    for (const item of items) item.dispose();
  }
}
