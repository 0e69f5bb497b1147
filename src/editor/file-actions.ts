/** Comparing, exporting, importing: what stands ready for it from the start. The rest is loaded when it is first wanted. */
import * as vscode from 'vscode';
import { LazyPart } from '../model/lazy-part.ts';
import type { MemorySession } from '../session/memory-session.ts';
import type { ComparisonRow } from './compare/comparison-rows.ts';
import type { LoadedFiles } from './compare/loaded.ts';
import { plotViewType } from './plot/messages.ts';
import type { HexEditorProvider } from './provider.ts';

/** Commands of the rows in the view of comparisons. */
const rowCommands = [
  'showBeside',
  'setTolerance',
  'exportMismatches',
  'closeComparison',
  'showMismatch',
] as const;

export type RowCommand = (typeof rowCommands)[number];

export class FileActions implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #files: LazyPart<LoadedFiles>;

  /** Fires when a comparison begins, ends, or has another outcome. */
  readonly onDidChange = this.#changed.event;

  constructor(provider: HexEditorProvider) {
    this.#files = new LazyPart(
      async () => {
        const { makeFiles } = await import('./compare/loaded.ts');
        const files = makeFiles(provider);
        files.comparisons.onDidChange(() => this.#changed.fire());
        return files;
      },
      ({ comparisons, plots }) => {
        comparisons.dispose();
        plots.dispose();
      },
    );
  }

  /** Everything, loaded at the first call. */
  load(): Promise<LoadedFiles> {
    return this.#files.load();
  }

  /** Whether anything is compared. */
  get isComparing(): boolean {
    return this.#files.made?.comparisons.isComparing === true;
  }

  /** How many values of a memory differ from what it is compared with. */
  mismatches(session: MemorySession): number {
    return this.#files.made?.comparisons.of(session)?.comparison.outcome.mismatches.count ?? 0;
  }

  /** Registers the commands of the rows, without a row each means the newest comparison; and what has plots back in a window that was loaded anew. */
  register(): vscode.Disposable[] {
    const plots = vscode.window.registerWebviewPanelSerializer(plotViewType, {
      deserializeWebviewPanel: async (view, kept: unknown) => (await this.load()).plots.restore(view, kept),
    });
    const commands = rowCommands.map((name) =>
      vscode.commands.registerCommand(`tilescope.${name}`, async (row?: ComparisonRow) => {
        await (await this.load()).comparisons.run(name, row);
      }),
    );
    return [plots, ...commands];
  }

  dispose(): void {
    this.#files.dispose();
    this.#changed.dispose();
  }
}
