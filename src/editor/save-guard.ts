/**
 * Decides what a save call of VS Code may do. VS Code does not say why it saves: auto-save, Save All, the close dialog
 * and other extensions all look the same. So a save writes nothing unless a person was asked here and now.
 */

/**
 * `clean`: nothing is staged, there is nothing to write. `raced`: our own call to mark the tab clean, but something was
 * staged meanwhile: it stays dirty. `ask`: a modal question, because auto-save cannot be the caller. `warn`: refuse
 * with a message that nobody has to answer.
 */
export type SaveDecision = 'clean' | 'raced' | 'ask' | 'warn';

export class SaveGuard {
  readonly #marking = new Map<string, number>();

  /**
   * @param document the document that VS Code wants to save
   * @param dirty whether it has staged edits
   * @param autoSave the values of `files.autoSave` that could apply to it
   */
  decide(document: string, dirty: boolean, autoSave: readonly unknown[]): SaveDecision {
    if (!dirty) return 'clean';
    if (this.#marking.has(document)) return 'raced';
    return autoSave.every((value) => value === 'off') ? 'ask' : 'warn';
  }

  /** Runs a save that is to make the tab clean; such a save never asks, warns or writes. */
  async markClean<T>(document: string, save: () => PromiseLike<T>): Promise<T> {
    this.#marking.set(document, (this.#marking.get(document) ?? 0) + 1);
    try {
      return await save();
    } finally {
      const left = (this.#marking.get(document) ?? 1) - 1;
      if (left > 0) this.#marking.set(document, left);
      else this.#marking.delete(document);
    }
  }
}
