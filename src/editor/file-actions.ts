/** Comparing, exporting, importing: what stands ready for it from the start. The rest is loaded when it is first wanted. */
import * as vscode from 'vscode';
import type { MemorySession } from '../session/memory-session.ts';
import type { ComparisonRow } from './compare/comparison-rows.ts';
import type { LoadedFiles } from './compare/loaded.ts';
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
  readonly #provider: HexEditorProvider;
  readonly #changed = new vscode.EventEmitter<void>();
  #loading: Promise<LoadedFiles> | undefined;
  #loaded: LoadedFiles | undefined;

  /** Fires when a comparison begins, ends, or has another outcome. */
  readonly onDidChange = this.#changed.event;

  constructor(provider: HexEditorProvider) {
    this.#provider = provider;
  }

  /** Everything, loaded at the first call. */
  load(): Promise<LoadedFiles> {
    this.#loading ??= import('./compare/loaded.ts').then(({ makeFiles }) => {
      const files = makeFiles(this.#provider);
      files.comparisons.onDidChange(() => this.#changed.fire());
      this.#loaded = files;
      return files;
    });
    return this.#loading;
  }

  /** Whether anything is compared. */
  get isComparing(): boolean {
    return this.#loaded?.comparisons.isComparing === true;
  }

  /** How many values of a memory differ from what it is compared with. */
  mismatches(session: MemorySession): number {
    return this.#loaded?.comparisons.of(session)?.comparison.outcome.mismatches.count ?? 0;
  }

  /** Registers the commands of the rows; without a row each means the newest comparison. */
  register(): vscode.Disposable[] {
    return rowCommands.map((name) =>
      vscode.commands.registerCommand(`tilescope.${name}`, async (row?: ComparisonRow) => {
        await (await this.load()).comparisons.run(name, row);
      }),
    );
  }

  dispose(): void {
    this.#loaded?.comparisons.dispose();
    this.#loaded?.plots.dispose();
    this.#changed.dispose();
  }
}
