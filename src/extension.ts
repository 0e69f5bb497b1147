/** Activation: builds the pieces and connects them, nothing else. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { TilescopeExports } from '../api/tilescope.d.ts';
import { ApiFace } from './api/api-face.ts';
import { ArrayFace } from './array/array-face.ts';
import type { TilePlace } from './array/array-model.ts';
import { defaultDevice, patience } from './board/board.ts';
import { BoardError } from './board/errors.ts';
import type { SimulatedArray, SimulatedArrayOptions } from './board/simulated/array.ts';
import { startBoards } from './boards/board-config.ts';
import { BoardCollection } from './boards/boards.ts';
import { Connectors } from './boards/connectors.ts';
import { DriverConsent } from './boards/driver-consent.ts';
import { KeptBoards } from './boards/kept-boards.ts';
import type { LocalSettings } from './boards/local-entry.ts';
import { PickedColumns } from './boards/pick-columns.ts';
import { Secrets } from './boards/secrets.ts';
import { DebugFace } from './debug/debug-face.ts';
import { BookmarkActions } from './editor/bookmark-actions.ts';
import { CommandFace } from './editor/command-face.ts';
import { followDebugSessions } from './editor/debug-sessions.ts';
import { DebugStops } from './editor/debug-stops.ts';
import { DockedView } from './editor/docked-view.ts';
import { EditActions } from './editor/edit-actions.ts';
import { editorKeys } from './editor/editor-keys.ts';
import { FileActions } from './editor/file-actions.ts';
import { HitActions } from './editor/hit-actions.ts';
import { JournalStore } from './editor/journal-store.ts';
import { KeptViews } from './editor/kept-views.ts';
import { PlaceHistory } from './editor/place-history.ts';
import { HexEditorProvider, viewType } from './editor/provider.ts';
import { sentenceOf } from './editor/sentences.ts';
import type { PartitionPlace } from './editor/services.ts';
import { EditorStatusBar } from './editor/status-bar.ts';
import { WatchActions } from './editor/watch-actions.ts';
import { WrittenBytes, writesScheme } from './editor/written-bytes.ts';
import { BoardCommands } from './explorer/commands.ts';
import { errorText, Failures } from './explorer/failures.ts';
import { GuestCommands, type Place } from './explorer/guest.ts';
import {
  BoardNode,
  columnsText,
  MemoryNode,
  memoryName,
  ownerText,
  PartitionNode,
  PickedNode,
  TileNode,
  uriOf,
} from './explorer/nodes.ts';
import { sidebarKeys } from './explorer/sidebar-keys.ts';
import { BoardTree } from './explorer/tree.ts';
import { MemoryFiles } from './memory-files/memory-files.ts';
import { actionNames } from './model/action-names.ts';
import { Emitter } from './model/event.ts';
import { locate, tileStart, totalBytes } from './model/geometry.ts';
import { LazyPart } from './model/lazy-part.ts';
import { liveBudgetShape } from './model/live-rate.ts';
import type { PartitionKey } from './model/partition-key.ts';
import { cleanLine } from './model/plain.ts';
import type { BoardShape } from './model/program/placement.ts';
import { StackUses } from './model/program/stack-uses.ts';
import { type MemoryResource, scheme } from './model/resource.ts';
import { fitting } from './model/shapes.ts';
import { type NamedPartition, NamesFace } from './names/names-face.ts';
import { ContextKeys } from './say/context-keys.ts';
import { sayError, sayWarning } from './say/say.ts';
import { BoardLink } from './session/link.ts';
import type { HeatPool, PartitionHeat } from './session/partition-heat.ts';
import type { SessionReference } from './session/pool.ts';
import { usualBudget } from './session/read-budget.ts';
import { machineServices, type SessionServices } from './session/services.ts';
import { Sessions } from './session/sessions.ts';

/** Device and sudo of this machine: settings, since a board entry may be shown in windows of several machines. */
const localSettings = {
  get: (): LocalSettings => {
    const settings = vscode.workspace.getConfiguration('tilescope.local');
    return { device: settings.get('device', defaultDevice), sudo: settings.get('useSudo', false) };
  },
  set: async ({ device, sudo }: LocalSettings): Promise<void> => {
    const settings = vscode.workspace.getConfiguration('tilescope.local');
    const present = localSettings.get();
    if (device !== present.device) await settings.update('device', device, vscode.ConfigurationTarget.Global);
    if (sudo !== present.sudo) await settings.update('useSudo', sudo, vscode.ConfigurationTarget.Global);
  },
};

/** The pieces of this window, for this project's own tests and `npm start`. Other extensions have the API. */
export interface TilescopeParts {
  readonly api: ApiFace;
  readonly boards: BoardCollection;
  readonly tree: BoardTree;
  readonly boardCommands: BoardCommands;
  readonly guest: GuestCommands;
  readonly picks: PickedColumns;
  readonly editor: HexEditorProvider;
  readonly statusBar: EditorStatusBar;
  readonly docked: DockedView;
  readonly array: ArrayFace;
  readonly names: NamesFace;
  readonly files: FileActions;
  readonly watches: WatchActions;
  readonly bookmarks: BookmarkActions;
  readonly edits: EditActions;
  readonly consent: DriverConsent;
  /** The folder with the staged edits that outlive the window. */
  readonly journalFolder: string;
  /** The array behind a simulated board; `options` count before its first connection. */
  simulated(boardId: string, options?: SimulatedArrayOptions): Promise<SimulatedArray>;
}

/** What `activate` returns where the environment asks for the pieces. */
export interface ExportsWithParts extends TilescopeExports {
  readonly parts?: TilescopeParts;
}

let closing: (() => Promise<void>) | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<ExportsWithParts | undefined> {
  const log = vscode.window.createOutputChannel('Tilescope', { log: true });
  context.subscriptions.push(log);
  try {
    const parts = build(context, log);
    const { api } = parts;
    return process.env['TILESCOPE_PARTS'] === '1' ? { ...api.exports, parts } : api.exports;
  } catch (error) {
    log.error(error instanceof Error ? error : String(error));
    const { showLog } = actionNames(vscode.l10n);
    sayError(vscode.l10n.t('Tilescope could not start. The log says why.'), showLog).then((chosen) => {
      if (chosen === showLog) log.show();
    });
    return undefined;
  }
}

export async function deactivate(): Promise<void> {
  await closing?.();
}

function build(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): TilescopeParts {
  const services: SessionServices = {
    ...machineServices({
      trace: (line) => log.trace(cleanLine(line)),
      info: (line) => log.info(cleanLine(line)),
      warn: (line) => log.warn(cleanLine(line)),
    }),
    liveBudget: () =>
      fitting(liveBudgetShape, vscode.workspace.getConfiguration('tilescope').get('liveBudget')) ??
      usualBudget,
    defaultPolicy: () =>
      vscode.workspace.getConfiguration('tilescope').get('defaultPolicy') === 'locked' ? 'locked' : 'staged',
  };
  const failures = new Failures(log);
  const consent = new DriverConsent(context.globalState);
  const secrets = new Secrets(context.secrets, context.globalState, (error) => failures.note(error));
  const connectors = new Connectors({
    toolVersion: String(context.extension.packageJSON.version),
    dist: join(context.extensionPath, 'dist'),
    prompts: secrets,
    sshConfigFiles: () => vscode.workspace.getConfiguration('tilescope').get<string[]>('ssh.configFiles', []),
    localSettings: localSettings.get,
  });
  const sessions = new Sessions(services);
  const boards = new BoardCollection(
    context.globalState,
    (config, present) => new BoardLink(config.id, config.label, connectors.following(present), services),
  );
  loadBoards(boards, log);
  const joining = async () => {
    const pool = await sessions.pool();
    return (resource: MemoryResource) => {
      const entry = boards.get(resource.board);
      return entry && pool.acquire(entry.link, resource);
    };
  };
  const acquire: Acquire = async (resource) => (await joining())(resource);
  const picks = new PickedColumns(context.workspaceState);
  const tree = new BoardTree(boards, context.workspaceState, picks);
  const guest = new GuestCommands({ boards, tree, picks, failures });
  const commands = new BoardCommands({
    boards,
    tree,
    picks,
    failures,
    consent,
    secrets,
    log,
    stagedBytes: (entry) =>
      sessions.all
        .filter((session) => session.link === entry.link)
        .reduce((sum, session) => sum + session.counts().staged, 0),
    activeMemory: () => {
      const panel = editor.activePanel;
      return (
        panel && {
          resource: panel.document.resource,
          toTile: (tile) => editor.openTile(panel.document, tile),
        }
      );
    },
    sshHosts: () => connectors.hostNames(),
    searchMemories: (board) => hits.searchMemories(board),
    refreshNames: () => names.refresh(),
    local: localSettings,
  });
  const stacks = new StackUses();
  const names = buildNames({ boards, picks, tree, failures, context, after: services.after });
  const atPlace = async (
    { board, partition }: PartitionPlace,
    act: (place: Place) => Promise<boolean>,
  ): Promise<boolean> => {
    const entry = boards.get(board);
    return entry !== undefined && (await act({ entry, partition }));
  };
  const kept = new KeptBoards(boards, connectors);
  const journalFolder = join((context.storageUri ?? context.globalStorageUri).fsPath, 'staged');
  const journal = new JournalStore(journalFolder, (error) => failures.note(error));
  const bookmarks = new BookmarkActions(() => editor, context.workspaceState);
  const editor: HexEditorProvider = new HexEditorProvider(
    {
      acquire: (resource) => {
        names.searchSoon();
        return acquire(resource);
      },
      boardLabel: (id) => boards.get(id)?.config.label ?? id,
      memoryName: (resource) => memoryName(resource.memory),
      tileName: (board, tile) => names.tileName(board, tile),
      kernels: (board, tile) => names.model?.kernels(board, tile) ?? [],
      names: (board, memory, tile) => names.names(board, memory, tile),
      stacks,
      bookmarks,
      program: (board, tile) => names.model?.program(board, tile),
      parameters: (board) => names.model?.parameters(board) ?? [],
      reports: (place) => array.reports(place),
      onDidReadTiles: (listener) => array.onDidRead(listener),
      onDidChangeNames: (listener) => names.onDidChange(listener),
      openSnapshot: (path) => commands.openSnapshot(path),
      showKept: (snapshot, memory) => kept.show(snapshot, memory),
      forgetKept: (board) => kept.forget(board),
      connect: async (id) => {
        const entry = boards.get(id);
        if (entry !== undefined) return commands.connect(entry);
        sayError(
          vscode.l10n.t(
            'The board "{0}" is not in the sidebar any more. Add it with this name, then reload the window: staged edits are kept.',
            id,
          ),
        );
        return false;
      },
      allowDriver: async (id) => {
        const entry = boards.get(id);
        return entry !== undefined && (await consent.ask(entry));
      },
      enableClocks: (place) => atPlace(place, (at) => guest.enableClocks(at)),
      turnOnSudo: async (id) => {
        const entry = boards.get(id);
        return entry !== undefined && (await commands.turnOnSudo(entry));
      },
      hold: (place) => atPlace(place, (at) => guest.hold(at)),
      releaseHold: (place) => atPlace(place, (at) => guest.release(at)),
      reachKernel: (place) => atPlace(place, (at) => guest.reachKernel(at)),
      views: new KeptViews(context.globalState),
      places: new PlaceHistory(context.workspaceState),
      errorText,
      note: (thrown) => failures.note(thrown),
      showLog: () => log.show(),
    },
    journal,
    context.extensionUri,
    log,
  );
  const statusBar = new EditorStatusBar(editor);
  const docked = new DockedView(editor, context.workspaceState);
  const stops = new DebugStops();
  const writes = new WrittenBytes();
  const files = new FileActions(editor);
  const edits = new EditActions(editor);
  const hits: HitActions = new HitActions(editor, (id) => {
    const entry = boards.get(id);
    if (entry?.link.state.kind !== 'connected') return undefined;
    const { link } = entry;
    const searched = (partition: PartitionKey, memory: MemoryResource['memory']) =>
      sessions.all.find(
        ({ link: its, key }) => its === link && key.partition === partition && key.memory === memory,
      );
    return {
      id,
      label: entry.config.label,
      link,
      partitions: picks.shown(id, link.partitions),
      partitionName: columnsText,
      memoryName: ({ type }) => memoryName(type),
      bytes: ({ partition, memory }, range) => searched(partition, memory)?.bytes(range),
      show: (memory, geometry, { offset, length }) =>
        openPlace(
          editor,
          { ...memory, tile: locate(geometry, offset).tile },
          { offset: offset % geometry.bytesPerTile, length },
        ),
      read: async ({ partition, memory }, range) => {
        const session = searched(partition, memory);
        await session?.read(range, AbortSignal.timeout(patience));
        return session?.bytes(range);
      },
      errorText,
    };
  });
  const watches = new WatchActions(editor, {
    state: context.workspaceState,
    folder: vscode.Uri.joinPath(context.storageUri ?? context.globalStorageUri, 'snapshots'),
    files,
    joining: async () => {
      const join = await joining();
      return (resource) => {
        names.searchSoon();
        return join(resource);
      };
    },
    openSnapshots: () =>
      boards.entries.flatMap(({ config }) => (config.kind === 'snapshot' ? [config.path] : [])),
    onDidChangeBoards: (listener) => vscode.Disposable.from(boards.onDidChange(listener)),
  });
  const array = buildArray({
    boards,
    picks,
    tree,
    names,
    stacks,
    acquire,
    editor,
    failures,
    context,
    log,
    after: services.after,
    services,
  });
  const memoryFiles = new MemoryFiles({
    entry: (id) => boards.get(id),
    partitions: ({ id, link }) => picks.shown(id, link.partitions),
    acquire,
    sessions: () => sessions.all,
    onDidMakeSession: sessions.onDidMake,
    sentence: (thrown) => sentenceOf(thrown, errorText, vscode.l10n),
    now: services.now,
    after: services.after,
  });
  const debug = buildDebug({
    boards,
    picks,
    array,
    editor,
    docked,
    failures,
    context,
    after: services.after,
  });
  const api = new ApiFace({
    boards: () => boards.entries.map(({ id, config, link }) => ({ id, label: config.label, link })),
    onDidChangeBoards: (listener) =>
      vscode.Disposable.from(boards.onDidChange(listener), picks.onDidForget(listener)),
    partitions: ({ id, link }) => picks.shown(id, link.partitions),
    sessions: () => sessions.all,
    acquire,
    stage: async (resource, label, edits) => {
      const uri = uriOf(resource);
      const options = { preserveFocus: true, preview: false };
      await vscode.commands.executeCommand('vscode.openWith', uri, viewType, options);
      const document = editor.document(uri);
      if (document === undefined) throw new BoardError('cancelled', 'the memory was not opened');
      editor.edit(document, label, edits);
    },
    keep: async (session, { tile, ...resource }, file, signal) => {
      const { snapshots } = await files.load();
      await snapshots.keepKnown({ session, resource }, tile, file, signal);
    },
    explain: async (place, signal) => (await array.explanations()).tileText(place, signal),
    boardLabel: (id) => boards.get(id)?.config.label ?? id,
    memoryName: (resource) => memoryName(resource.memory),
    ownerText,
    columnsText,
    sentence: (thrown) => sentenceOf(thrown, errorText, vscode.l10n),
    note: (thrown) => failures.note(thrown),
    now: services.now,
    after: services.after,
  });
  context.subscriptions.push(
    debug,
    api,
    sessions,
    boards,
    tree,
    editor,
    statusBar,
    array,
    names,
    boards.onDidChange((entry) => entry && consent.recall(entry)),
    followDebugSessions(stops),
    stops.onDidChange((isStopped) => {
      editor.setStopped(isStopped);
      docked.setStopped(isStopped);
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!event.affectsConfiguration('tilescope.liveBudget')) return;
      for (const { link } of boards.entries) link.budget.changed();
    }),
    vscode.window.registerCustomEditorProvider(viewType, editor, {
      supportsMultipleEditorsPerDocument: true,
      webviewOptions: { retainContextWhenHidden: true },
    }),
    guest,
    ...commands.register(),
    ...guest.register(),
    ...new CommandFace(editor, writes, files, watches, bookmarks, docked, context.workspaceState).register(),
    docked,
    ...docked.register(),
    writes,
    files,
    ...files.register(),
    watches,
    ...watches.register(),
    bookmarks,
    ...bookmarks.register(),
    edits,
    ...edits.register(),
    hits,
    ...hits.register(),
    vscode.workspace.registerTextDocumentContentProvider(writesScheme, writes),
    memoryFiles,
    vscode.workspace.registerFileSystemProvider(scheme, memoryFiles, {
      isCaseSensitive: true,
      isReadonly: true,
    }),
  );
  offerCommands({ boards, picks, editor, files, context });
  boards.connectAtStart((error) => failures.note(error));
  closing = async () => {
    await editor.close();
    await boards.close();
  };
  return {
    api,
    boards,
    tree,
    boardCommands: commands,
    guest,
    picks,
    editor,
    statusBar,
    docked,
    array,
    names,
    files,
    watches,
    bookmarks,
    edits,
    consent,
    journalFolder,
    simulated: (id, options) => connectors.array(id, options),
  };
}

/** Joins or makes the session of a memory; `undefined` when its board is not in the sidebar. */
type Acquire = (resource: MemoryResource) => Promise<SessionReference | undefined>;

interface ArrayParts {
  readonly boards: BoardCollection;
  readonly picks: PickedColumns;
  readonly tree: BoardTree;
  readonly names: NamesFace;
  readonly stacks: StackUses;
  readonly acquire: Acquire;
  readonly editor: HexEditorProvider;
  readonly failures: Failures;
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly after: SessionServices['after'];
  readonly services: SessionServices;
}

/** The partition of a row in the sidebar. */
function partitionOf(node: unknown): NamedPartition | undefined {
  if (node instanceof PartitionNode) return { board: node.entry.id, columns: node.info.columns };
  return node instanceof PickedNode ? { board: node.entry.id, columns: node.columns } : undefined;
}

/** Debug sessions; the views follow the core that is selected in one. */
function buildDebug({
  boards,
  picks,
  array,
  editor,
  docked,
  failures,
  context,
  after,
}: Pick<ArrayParts, 'boards' | 'picks' | 'editor' | 'failures' | 'context' | 'after'> & {
  readonly array: ArrayFace;
  readonly docked: DockedView;
}): DebugFace {
  const debug = new DebugFace({
    programMemory: async () => (await import('./editor/program-memory.ts')).programMemory(editor),
    boards: () => boards.entries.map(({ id, config, link }) => ({ id, label: config.label, link })),
    partitions: ({ id, link }) => picks.shown(id, link.partitions),
    boardPrograms: async (board, startCol) => {
      if (boards.get(board)?.config.kind !== 'simulated') return undefined;
      const { demoPrograms } = await import('./boards/demo-programs.ts');
      return demoPrograms(context.globalStorageUri, startCol);
    },
    columnsText,
    ownerText,
    partitionOf,
    openPlace: (resource, range) => openPlace(editor, resource, range),
    showInArray: (place) => array.reveal(place),
    errorText,
    note: (thrown) => failures.note(thrown),
    showFailure: (thrown) => failures.show(thrown),
    warn: (text) => failures.warn(text),
    clock: clockText,
    after,
  });
  debug.onDidSelectTile((place) => {
    // The focus also moves by itself, as when another session ends.
    array.followSelected(place);
    editor.follow(place);
    docked.follow(place);
  });
  return debug;
}

/** Opens a memory at bytes of the tile that the resource names. */
async function openPlace(
  editor: HexEditorProvider,
  resource: MemoryResource,
  { offset, length }: { readonly offset: number; readonly length: number },
): Promise<void> {
  const uri = uriOf(resource);
  await vscode.commands.executeCommand('vscode.openWith', uri, viewType);
  const { tile } = resource;
  const document = editor.document(uri);
  const geometry = document?.shown?.geometry;
  if (tile === undefined || geometry === undefined) return;
  for (const panel of document?.panels ?? []) {
    if (panel.view.active) panel.reveal(tileStart(geometry, tile) + offset, length);
  }
}

/** A time of day as this window shows times. */
function clockText(at: number): string {
  return new Date(at).toLocaleTimeString(vscode.env.language);
}

/** Names that builds give to tiles, in the sidebar's rows. */
function buildNames({
  boards,
  picks,
  tree,
  failures,
  context,
  after,
}: Pick<ArrayParts, 'boards' | 'picks' | 'tree' | 'failures' | 'context' | 'after'>): NamesFace {
  /** What the boards said last, also while they are away. */
  const shapes = new Map<string, BoardShape>();
  const names = new NamesFace(context.workspaceState, {
    boards: () => boards.entries.map(({ id, config }) => ({ id, label: config.label })),
    board: (id) => {
      const link = boards.get(id)?.link;
      if (link?.state.kind === 'connected') {
        const { array, generation } = link.state.board.info;
        const partitions = picks.shown(id, link.partitions).map(({ columns }) => columns);
        shapes.set(id, { generation, partitions, ...(array === undefined ? {} : { array }) });
      }
      return shapes.get(id);
    },
    kept: (id) => {
      const state = boards.get(id)?.link.state;
      return state?.kind === 'connected' ? state.board.names : undefined;
    },
    onDidChangeBoards: (listener) =>
      vscode.Disposable.from(boards.onDidChange(listener), picks.onDidForget(listener)),
    columnsText: (columns) => columnsText({ columns }),
    partitionOf,
    note: (thrown) => failures.note(thrown),
    showFailure: (thrown) => failures.show(thrown),
    after,
    readerScript: context.asAbsolutePath(join('dist', 'parts', 'reader.cjs')),
  });
  tree.tileName = ({ memory, tile }) => names.tileName(memory.entry.id, tile);
  tree.boardNames = (board) => names.model?.boardLines(board) ?? [];
  context.subscriptions.push(
    names.onDidChange(() => tree.namesChanged()),
    tree.onDidSelect(() => names.searchSoon()),
  );
  return names;
}

/** Array view and details view, which follow the sidebar's selection and the editor in front. */
function buildArray({
  boards,
  picks,
  tree,
  names,
  stacks,
  acquire,
  editor,
  failures,
  context,
  log,
  after,
  services,
}: ArrayParts): ArrayFace {
  const heatWanted = new Emitter<void>();
  const heats = new LazyPart<HeatPool>(
    async () => {
      const { HeatPool: Pool } = await import('./session/partition-heat.ts');
      return new Pool(services);
    },
    () => undefined,
  );
  const loadHeat = async (): Promise<void> => {
    try {
      await heats.load();
    } catch (error) {
      await failures.show(error, { retry: loadHeat });
      return;
    }
    heatWanted.fire();
  };
  const heatOf = (link: BoardLink, partition: PartitionKey): PartitionHeat | undefined => {
    if (vscode.workspace.getConfiguration('tilescope').get('heat') === false) return undefined;
    // The views ask again once it is there.
    if (!heats.wasWanted) void loadHeat();
    return heats.made?.of(link, partition);
  };
  context.subscriptions.push(
    heatWanted,
    heatWanted.event(() => tree.followHeat()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!event.affectsConfiguration('tilescope.heat')) return;
      if (heats.wasWanted && heats.made === undefined) void loadHeat();
      heatWanted.fire();
    }),
  );
  const array = new ArrayFace(
    {
      boards: () => boards.entries.map(({ id, config, link }) => ({ id, label: config.label, link })),
      onDidChangeBoards: (listener) =>
        vscode.Disposable.from(boards.onDidChange(listener), picks.onDidForget(listener)),
      partitions: ({ id, link }) => picks.shown(id, link.partitions),
      columnsText,
      ownerText,
      errorText,
      note: (thrown) => failures.note(thrown),
      showFailure: (thrown) => failures.show(thrown),
      tileNames: (board, tile) => names.tileLines(board, tile),
      kernels: (board, tile) => names.kernels(board, tile),
      acquire,
      names: (board, memory, tile) => names.names(board, memory, tile),
      stackUse: (place, stack) => stacks.of(place, stack),
      onDidChangeNames: (listener) =>
        vscode.Disposable.from(names.onDidChange(listener), stacks.onDidChange(listener)),
      refreshNames: () => void names.refresh(),
      openPlace: (resource, range) => openPlace(editor, resource, range),
      heat: ({ link }, partition) => heatOf(link, partition),
      onDidWantHeat: (listener) => heatWanted.event(listener),
      clock: clockText,
      after,
      l10n: vscode.l10n,
    },
    context.extensionUri,
    log,
  );
  tree.heat = ({ link }, partition) => heatOf(link, partition);
  tree.tileState = ({ memory, tile }) =>
    array.tooltip({ board: memory.entry.id, partition: memory.partition.key, tile });
  context.subscriptions.push(
    tree.onDidSelect((node) => {
      if (node instanceof BoardNode) array.select(node.entry.id);
      else if (node instanceof PartitionNode) array.select(node.entry.id, node.info.key);
      else if (node instanceof MemoryNode) array.select(node.entry.id, node.partition.key);
      else if (node instanceof TileNode) array.select(node.memory.entry.id, node.memory.partition.key);
    }),
    editor.onDidChangePanel(() => {
      const panel = editor.activePanel;
      const isProgram = panel?.document.resource.memory === 'program';
      array.follow(tileAtCaret(editor), isProgram, panel?.isLed === true ? 'nobody' : 'look');
    }),
    editor.onDidRefresh(({ resource }) => array.refreshWith(resource.board, resource.partition)),
    editor.onDidRefresh(() => void names.refresh()),
  );
  return array;
}

/** Tells VS Code which commands can do something now; it hides the others. */
function offerCommands({
  boards,
  picks,
  editor,
  files,
  context,
}: Pick<ArrayParts, 'boards' | 'picks' | 'editor' | 'context'> & {
  readonly files: FileActions;
}): void {
  const keys = new ContextKeys();
  const tellSidebar = () =>
    keys.tell(
      sidebarKeys(
        boards.entries.map(({ id, link }) => ({
          state: link.state.kind,
          partitions: picks.shown(id, link.partitions),
          freeColumns: link.freeColumns,
        })),
      ),
    );
  const tellEditor = () => {
    const panel = editor.activePanel;
    const { isComparing } = files;
    if (panel === undefined) keys.tell(editorKeys(undefined, isComparing));
    else {
      const { session, panels, scrollsTogether } = panel.document;
      const { epochChanged } = session.state;
      const mismatches = files.mismatches(session);
      const coreRuns = panel.runningTile !== undefined;
      const { hasChanges, hasNamedPlaces } = panel;
      const found = {
        epochChanged,
        coreRuns,
        mismatches,
        hasChanges,
        hasNamedPlaces,
        views: panels.size,
        scrollsTogether,
      };
      keys.tell(editorKeys({ ...panel.state, ...found }, isComparing));
    }
  };
  tellSidebar();
  tellEditor();
  context.subscriptions.push(
    boards.onDidChange(tellSidebar),
    picks.onDidForget(tellSidebar),
    editor.onDidChangePanel(tellEditor),
    files.onDidChange(tellEditor),
  );
}

/** The tile at the caret of the editor in front; of the whole memory's editor before its first selection, none. */
function tileAtCaret(editor: HexEditorProvider): TilePlace | undefined {
  const panel = editor.activePanel;
  if (panel === undefined) return undefined;
  const { resource, session } = panel.document;
  const { geometry } = session;
  const cursor = panel.selection?.cursor;
  const isInside = geometry !== undefined && cursor !== undefined && cursor < totalBytes(geometry);
  const tile = resource.tile ?? (isInside ? locate(geometry, cursor).tile : undefined);
  return tile && { board: resource.board, partition: resource.partition, tile };
}

function loadBoards(boards: BoardCollection, log: vscode.LogOutputChannel): void {
  const refused = boards.load();
  if (refused > 0) {
    log.warn(`${refused} kept board entries could not be read.`);
    const forget = vscode.l10n.t('Forget Them');
    const text =
      refused === 1
        ? vscode.l10n.t('A board of the sidebar could not be read and is left out. It stays stored as it is.')
        : vscode.l10n.t(
            '{0} boards of the sidebar could not be read and are left out. They stay stored as they are.',
            refused,
          );
    sayWarning(text, forget).then((chosen) => (chosen === forget ? boards.forgetUnread() : undefined));
  }
  try {
    const given = startBoards(process.env['TILESCOPE_START_BOARDS'], boards.ids);
    for (const config of given.configs) boards.addForNow(config);
    if (given.refused > 0)
      log.warn(`${given.refused} entries of TILESCOPE_START_BOARDS were not understood.`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    log.warn(`TILESCOPE_START_BOARDS is not JSON: ${String(error)}`);
  }
}
