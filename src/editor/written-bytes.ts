/** The write logs that are open beside their editors. */
import * as vscode from 'vscode';
import type { TileDocument } from './document.ts';

/** Scheme of these texts. Their path is that of the memory and one part more, so that the tab says both. */
export const writesScheme = 'aie-writes';

/** Shows write logs beside their editors, and keeps those that are open up to date. */
export class WrittenBytes implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  /** Open logs: the text of each, as it is now. */
  readonly #texts = new Map<string, () => string>();
  readonly #subscriptions = new Map<string, vscode.Disposable>();
  readonly #closing = vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#forget(uri.toString()));

  readonly onDidChange = this.#changed.event;

  /** Opens the log of a document's memory beside it. */
  async show(document: TileDocument): Promise<void> {
    const { session, uri } = document;
    const { writesText } = await import('./writes-text.ts');
    const log = uri.with({ scheme: writesScheme, path: `${uri.path} (${vscode.l10n.t('write log')})` });
    const key = log.toString();
    // The log may have been left open by an earlier session of the same memory.
    this.#forget(key);
    const clock = (at: number) => new Date(at).toLocaleString(vscode.env.language);
    this.#texts.set(key, () =>
      session.geometry === undefined
        ? ''
        : writesText(session.writeLog, session.geometry, clock, vscode.l10n),
    );
    this.#subscriptions.set(
      key,
      session.onDidWrite(() => this.#changed.fire(log)),
    );
    this.#changed.fire(log);
    await vscode.window.showTextDocument(log, {
      viewColumn: vscode.ViewColumn.Beside,
      preview: true,
      preserveFocus: true,
    });
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString())?.() ?? '';
  }

  dispose(): void {
    this.#closing.dispose();
    for (const key of [...this.#texts.keys()]) this.#forget(key);
    this.#changed.dispose();
  }

  #forget(key: string): void {
    this.#texts.delete(key);
    this.#subscriptions.get(key)?.dispose();
    this.#subscriptions.delete(key);
  }
}
