/** A part that is made when it is first wanted. What failed is not kept: whoever wants it next has it made again. */
import type { Disposable } from './event.ts';

export class LazyPart<T> implements Disposable {
  readonly #make: () => Promise<T>;
  readonly #end: (made: T) => void;
  #making: Promise<T> | undefined;
  #made: T | undefined;
  #wasWanted = false;
  #isDisposed = false;

  /** @param end lets go of what was made, also of what comes only after `dispose` */
  constructor(make: () => Promise<T>, end: (made: T) => void) {
    this.#make = make;
    this.#end = end;
  }

  /** The part, once it is there. */
  get made(): T | undefined {
    return this.#made;
  }

  /** Whether anybody wanted it yet, even if it could not be made: what nobody asked for is not tried again by itself. */
  get wasWanted(): boolean {
    return this.#wasWanted;
  }

  /** The part, made at the first call. Rejects as `make` does. */
  load(): Promise<T> {
    this.#wasWanted = true;
    this.#making ??= this.#kept();
    return this.#making;
  }

  async #kept(): Promise<T> {
    try {
      const made = await this.#make();
      if (this.#isDisposed) this.#end(made);
      this.#made = made;
      return made;
    } catch (error) {
      this.#making = undefined;
      throw error;
    }
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    if (this.#made !== undefined) this.#end(this.#made);
  }
}
