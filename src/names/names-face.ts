/** Names for memory in VS Code: the files of builds, the commands that add and remove them, and who is told. */
import * as vscode from 'vscode';
import type { KeptNames } from '../board/board.ts';
import type { BoardStore } from '../boards/boards.ts';
import { actionNames } from '../model/action-names.ts';
import type { ColumnRange, MemoryType, Tile } from '../model/geometry.ts';
import type { After } from '../model/later.ts';
import type { PlacedName } from '../model/program/build.ts';
import type { BoardShape } from '../model/program/placement.ts';
import { ContextKeys } from '../say/context-keys.ts';
import { pickFrom, sayInformation, sayWarning } from '../say/say.ts';
import { BuildFiles } from './build-files.ts';
import { FileReader } from './file-reader.ts';
import { NameChoices } from './name-choices.ts';
import type { FoundBuild, NameModel } from './name-model.ts';
import { namesKeys } from './names-keys.ts';

/** A partition of a board. */
export interface NamedPartition {
  readonly board: string;
  readonly columns: ColumnRange;
}

/** What the names need from the rest of the extension; given by `extension.ts`. */
export interface NamesServices {
  /** The boards of the sidebar. */
  boards(): readonly { readonly id: string; readonly label: string }[];
  /** What a board says of its array; `undefined` while nothing is known of it. */
  board(id: string): BoardShape | undefined;
  /** The names that came with a board's bytes: those of a snapshot. */
  kept(id: string): KeptNames | undefined;
  readonly onDidChangeBoards: (listener: () => void) => vscode.Disposable;
  /** The columns of a partition, for people. */
  columnsText(columns: ColumnRange): string;
  /** The partition that the argument of a command is about. */
  partitionOf(argument: unknown): NamedPartition | undefined;
  /** Logs a failure. */
  note(thrown: unknown): unknown;
  /** Shows a failure to a person, and logs it. */
  showFailure(thrown: unknown): unknown;
  readonly after: After;
  /** The path of the built `reader-thread.ts`. */
  readonly readerScript: string;
}

interface BuildItem extends vscode.QuickPickItem {
  /** Without one: a file is to be chosen. */
  readonly build?: FoundBuild;
}

export class NamesFace implements vscode.Disposable {
  #model: NameModel | undefined;
  #builds: readonly FoundBuild[] = [];
  readonly #services: NamesServices;
  readonly #choices: NameChoices;
  readonly #files: BuildFiles;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable[];
  readonly #keys = new ContextKeys();
  /** What the boards said when the names were last told. */
  #told = '';

  /** Fires when tiles may have other names. */
  readonly onDidChange = this.#changed.event;

  /** How a person chooses a file that was not found; tests answer in their place. */
  askFile: () => Promise<vscode.Uri | undefined> = askFileInDialog;

  constructor(store: BoardStore, services: NamesServices) {
    this.#services = services;
    this.#choices = new NameChoices(store);
    this.#files = new BuildFiles(
      () => this.#choices.builds,
      new FileReader(services.readerScript),
      (builds) => this.#take(builds),
      services.after,
      services.note,
    );
    this.#subscriptions = [
      this.#changed,
      this.#files,
      services.onDidChangeBoards(() => this.#boardsChanged()),
      // After these there may be a new build, told by watchers of files or not.
      vscode.window.onDidChangeWindowState(({ focused }) => focused && this.searchSoon()),
      vscode.window.onDidEndTerminalShellExecution(() => this.searchSoon()),
      vscode.tasks.onDidEndTask(() => this.searchSoon()),
      vscode.commands.registerCommand('tilescope.addNames', (argument?: unknown) =>
        this.#add(services.partitionOf(argument)).catch((error) => services.showFailure(error)),
      ),
      vscode.commands.registerCommand('tilescope.removeNames', () =>
        this.#remove().catch((error) => services.showFailure(error)),
      ),
    ];
    this.#files.read().catch((error) => services.note(error));
  }

  /** The names of the builds; `undefined` as long as there is no build. */
  get model(): NameModel | undefined {
    return this.#model;
  }

  /** What has a name in a memory of a tile, by its offset: as it was kept with the bytes, else by the builds. */
  names(board: string, memory: MemoryType, tile: Tile): readonly PlacedName[] {
    const kept = this.#services.kept(board)?.names(memory, tile) ?? [];
    return kept.length > 0 ? kept : (this.#model?.names(board, memory, tile) ?? []);
  }

  /** The kernels of a tile in one short text; empty without any. */
  tileName(board: string, tile: Tile): string {
    return this.#services.kept(board)?.tileName(tile) || (this.#model?.tileName(board, tile) ?? '');
  }

  /** The names of a tile's kernels. */
  kernels(board: string, tile: Tile): readonly string[] {
    const kept = this.#services.kept(board)?.tileName(tile) ?? '';
    return kept === '' ? (this.#model?.kernels(board, tile).map(({ name }) => name) ?? []) : [kept];
  }

  /** The kernels of a tile, a line each. */
  tileLines(board: string, tile: Tile): readonly string[] {
    const kept = this.#services.kept(board)?.tileName(tile) ?? '';
    return kept === '' ? (this.#model?.tileLines(board, tile) ?? []) : [vscode.l10n.t('Kernel {0}', kept)];
  }

  /** A person may want to see names now: searches for builds, at most every 2 s. */
  searchSoon(): void {
    this.#files.searchSoon();
  }

  /** Reads all files of builds anew. */
  async refresh(): Promise<void> {
    try {
      await this.#files.refresh();
    } catch (error) {
      this.#services.note(error);
    }
  }

  dispose(): void {
    for (const one of this.#subscriptions) one.dispose();
  }

  async #take(builds: readonly FoundBuild[]): Promise<void> {
    this.#builds = builds;
    if (builds.length > 0 && this.#model === undefined) {
      const { NameModel: Model } = await import('./name-model.ts');
      this.#model ??= new Model({
        board: (id) => this.#services.board(id),
        chosenStart: (build, board) => this.#choices.start(build, board),
        l10n: vscode.l10n,
      });
    }
    if (this.#model === undefined) return;
    this.#model.builds = this.#builds;
    this.#keys.tell(namesKeys(this.#builds));
    this.#changed.fire();
  }

  /** What boards say of themselves rarely changes: only then the names are placed anew. */
  #boardsChanged(): void {
    const said = JSON.stringify(
      this.#services.boards().map(({ id }) => [id, this.#services.board(id) ?? null]),
    );
    if (said === this.#told) return;
    this.#told = said;
    if (this.#model === undefined) return;
    this.#model.forget();
    this.#changed.fire();
  }

  async #add(partition: NamedPartition | undefined): Promise<void> {
    // What is offered is what is there now.
    await this.#files.read();
    const id = await this.#askBuild(partition?.board);
    if (id === undefined) return;
    await this.#choices.add(id);
    await this.#files.read();
    const model = this.#model;
    const build = model?.builds.find((one) => one.id === id);
    if (model === undefined || build === undefined) return;
    const target = partition ?? (await this.#askPartition(model, build));
    if (target !== undefined) {
      await this.#choices.add(id, {
        board: target.board,
        startCol: model.startIn(build, target.columns),
      });
      model.forget();
      this.#changed.fire();
    }
    this.#sayAdded(model, build, target?.board);
  }

  /** The address of the build that a person chooses. */
  async #askBuild(board: string | undefined): Promise<string | undefined> {
    const model = this.#model;
    const items: BuildItem[] = (model?.builds ?? []).map((build) => ({
      label: build.label,
      detail: board === undefined ? '' : (model?.buildText(build, board, { nextStep: false }) ?? ''),
      build,
    }));
    if (items.length > 0) {
      items.push({ label: vscode.l10n.t('Choose a File...') });
      const picked = await pickFrom(items, {
        title: actionNames(vscode.l10n).addNames,
        placeHolder: vscode.l10n.t('Builds that were found'),
      });
      if (picked === undefined) return undefined;
      if (picked.build !== undefined) return picked.build.id;
    }
    const file = await this.askFile();
    if (file === undefined) return undefined;
    if (BuildFiles.canBeRead(file)) return BuildFiles.addressOf(file);
    void sayWarning(
      vscode.l10n.t(
        'A file of this name says nothing of a build: {0}. Choose an aie_control_config.json, an xclbin, a *_with_addresses.mlir, or an ELF that is named after its core, such as core_0_2.elf or aie/24_0/Release/24_0.',
        file.path.slice(file.path.lastIndexOf('/') + 1),
      ),
    );
    return undefined;
  }

  /** The partition of a build that is not placed by itself on any board; `undefined` where nothing has to be asked. */
  async #askPartition(model: NameModel, build: FoundBuild): Promise<NamedPartition | undefined> {
    if (!model.saysNames(build)) return undefined;
    const boards = this.#services.boards();
    if (boards.some(({ id }) => model.place(build, id)?.kind === 'placed')) return undefined;
    const items = boards.flatMap(({ id, label }) =>
      (this.#services.board(id)?.partitions ?? []).map((columns) => ({
        label: this.#services.columnsText(columns),
        description: label,
        target: { board: id, columns },
      })),
    );
    if (items.length === 0) return undefined;
    const placeHolder = vscode.l10n.t('On which partition does this build run?');
    return (await pickFrom(items, { title: actionNames(vscode.l10n).addNames, placeHolder }))?.target;
  }

  #sayAdded(model: NameModel, build: FoundBuild, board: string | undefined): void {
    const boards = this.#services.boards().filter(({ id }) => board === undefined || id === board);
    const placed = boards.find(({ id }) => model.place(build, id)?.kind === 'placed') ?? boards[0];
    const text =
      placed === undefined
        ? vscode.l10n.t(
            '{0} was added. Its names appear on the tiles of the boards that you connect.',
            build.label,
          )
        : vscode.l10n.t(
            'Names from {0}: {1}',
            build.label,
            model.buildText(build, placed.id, { nextStep: true }),
          );
    const isPlaced = placed !== undefined && model.place(build, placed.id)?.kind === 'placed';
    const say = isPlaced || placed === undefined ? sayInformation : sayWarning;
    void say(text);
  }

  async #remove(): Promise<void> {
    const added = this.#builds.filter(({ isAdded }) => isAdded);
    const [first] = added;
    if (first === undefined) {
      sayInformation(
        vscode.l10n.t('No build was added. Names of a build in the workspace go with its file.'),
      );
      return;
    }
    const items = added.map((build) => ({ label: build.label, build }));
    const options = {
      title: actionNames(vscode.l10n).removeNames,
      placeHolder: vscode.l10n.t('Which build? Its files stay.'),
    };
    const build = added.length === 1 ? first : (await pickFrom(items, options))?.build;
    if (build === undefined) return;
    await this.#choices.remove(build.id);
    await this.#files.read();
    sayInformation(vscode.l10n.t('The names from {0} were removed. Its files stay.', build.label));
  }
}

async function askFileInDialog(): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: actionNames(vscode.l10n).addNames,
    openLabel: vscode.l10n.t('Add Names'),
    filters: {
      [vscode.l10n.t('Any file of a build')]: ['json', 'elf', 'mlir', 'xclbin'],
      [vscode.l10n.t('All files')]: ['*'],
    },
  });
  return chosen?.[0];
}
