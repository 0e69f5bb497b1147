/** What VS Code offers commands by: the context keys that the manifest's conditions name. */
import * as vscode from 'vscode';

/** Tells VS Code the keys of one part of the extension, and only what changed of them. */
export class ContextKeys {
  readonly #told = new Map<string, boolean>();

  /** @param keys by their names after `tilescope.` */
  tell(keys: Readonly<Record<string, boolean>>): void {
    for (const [key, value] of Object.entries(keys)) {
      if (this.#told.get(key) === value) continue;
      this.#told.set(key, value);
      void vscode.commands.executeCommand('setContext', `tilescope.${key}`, value);
    }
  }
}
