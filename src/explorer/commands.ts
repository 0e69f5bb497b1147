/** The sidebar's commands. Each exists in every state: without a node it asks which board is meant. */
import { hostname } from 'node:os';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { type ConnectStep, patience } from '../board/board.ts';
import { BoardError } from '../board/errors.ts';
import { type BoardConfig, newBoardId } from '../boards/board-config.ts';
import type { BoardCollection, BoardEntry } from '../boards/boards.ts';
import type { DriverConsent } from '../boards/driver-consent.ts';
import type { LocalSettings } from '../boards/local-entry.ts';
import type { PickedColumns } from '../boards/pick-columns.ts';
import type { Secrets } from '../boards/secrets.ts';
import { actionNames } from '../model/action-names.ts';
import type { Tile } from '../model/geometry.ts';
import { markdownCode } from '../model/plain.ts';
import type { MemoryResource } from '../model/resource.ts';
import type { Choice } from '../say/multi-step.ts';
import { agreesTo, askText, pickFrom, sayInformation, withProgress } from '../say/say.ts';
import type { Failures } from './failures.ts';
import { BoardNode, columnsText, MemoryNode, PartitionNode, TileNode, uriOf } from './nodes.ts';
import type { BoardTree } from './tree.ts';

/** Loaded when a board over SSH is first added or edited: it knows the language of ssh's configuration. */
const sshQuestions = () => import('../boards/ssh-entry.ts');
const memoryQuestions = () => import('./memory-box.ts');

export interface CommandServices {
  readonly boards: BoardCollection;
  readonly tree: BoardTree;
  readonly picks: PickedColumns;
  readonly failures: Failures;
  readonly consent: DriverConsent;
  readonly secrets: Secrets;
  readonly log: vscode.LogOutputChannel;
  /** The memory of the editor that a person is in, and the way to the same offset in another tile of it. */
  activeMemory(): { readonly resource: MemoryResource; toTile(tile: Tile): Promise<void> } | undefined;
  /** Bytes staged in the open editors of a board. */
  stagedBytes(entry: BoardEntry): number;
  /** Device and sudo of this machine, as they are set and to set them. */
  readonly local: { get(): LocalSettings; set(settings: LocalSettings): Promise<void> };
  /** Aliases of the ssh configuration. */
  sshHosts(): Promise<readonly string[]>;
  /** Asks what to look for in all memories of a board, and has it searched. */
  searchMemories(board: string): Promise<void>;
  /** Reads the files that give names to tiles anew. */
  refreshNames(): Promise<void>;
}

export class BoardCommands {
  readonly #services: CommandServices;

  /** How a person is asked before a board is removed, with the bytes staged for it; tests answer in their place. */
  confirmRemoval: (entry: BoardEntry, stagedBytes: number) => Promise<boolean> = confirmRemovalInDialog;

  constructor(services: CommandServices) {
    this.#services = services;
  }

  /** Registers every command of the sidebar. */
  register(): vscode.Disposable[] {
    const { failures, log, secrets, tree } = this.#services;
    const commands: Record<string, (argument?: unknown) => Promise<void>> = {
      addBoard: () => this.#addBoard(),
      addSshBoard: () => this.#addSsh(),
      addLocalBoard: () => this.#addSimple('local', vscode.l10n.t('This machine')),
      addSimulatedBoard: () => this.#addSimple('simulated', vscode.l10n.t('Simulated board')),
      editBoard: (argument) => this.#withBoard(argument, (entry) => this.edit(entry)),
      removeBoard: (argument) => this.#withBoard(argument, (entry) => this.#remove(entry)),
      renameBoard: (argument) => this.#withBoard(argument, (entry) => this.#rename(entry)),
      turnOnSudo: (argument) => this.#withBoard(argument, (entry) => this.turnOnSudo(entry)),
      connect: (argument) => this.#withBoard(argument, (entry) => this.connect(entry)),
      disconnect: (argument) => this.#withBoard(argument, (entry) => entry.link.disconnect()),
      refreshBoards: (argument) => this.#refresh(this.#entryOf(argument)),
      copyReport: (argument) => this.#withBoard(argument, (entry) => this.#copyReport(entry)),
      findInMemories: (argument) =>
        this.#withBoard(argument ?? this.#services.activeMemory()?.resource.board, (entry) =>
          this.#services.searchMemories(entry.id),
        ),
      openMemory: (argument) => this.#openMemory(argument),
      openTile: (argument) => this.#openTile(argument),
      openSnapshot: (argument) => this.#openSnapshot(argument),
      allowDriver: (argument) =>
        this.#withBoard(argument, async (entry) => {
          if (await this.#services.consent.ask(entry)) tree.refresh(entry);
        }),
      forgetSecrets: async () => {
        const count = await secrets.forgetAll();
        sayInformation(vscode.l10n.t('Forgotten: {0} stored answers.', count));
      },
      showLog: async () => log.show(),
    };
    return Object.entries(commands).map(([name, run]) =>
      vscode.commands.registerCommand(`tilescope.${name}`, async (argument?: unknown) => {
        try {
          await run(argument);
        } catch (error) {
          await failures.show(error);
        }
      }),
    );
  }

  /** Connects with progress that names each step and can be cancelled; failures are shown. True once connected. */
  async connect(entry: BoardEntry): Promise<boolean> {
    try {
      if (entry.config.kind === 'simulated' || entry.config.kind === 'snapshot') await entry.link.connect();
      else await this.#connectWithProgress(entry);
      await this.#services.tree.expand(entry).catch((error: unknown) => this.#services.failures.note(error));
      return true;
    } catch (error) {
      // Not awaited: the message stays until the person closes it.
      void this.#services.failures.show(error, {
        retry: () => this.connect(entry),
        ...(entry.config.kind === 'simulated' || entry.config.kind === 'snapshot'
          ? {}
          : { edit: () => this.edit(entry), turnOnSudo: () => this.turnOnSudo(entry) }),
      });
      return false;
    }
  }

  /** Lets the person change a board's entry. */
  async edit(entry: BoardEntry): Promise<void> {
    const { boards } = this.#services;
    const { config } = entry;
    switch (config.kind) {
      case 'ssh': {
        const { editSshEntry } = await sshQuestions();
        const changed = await editSshEntry(await this.#services.sshHosts(), config);
        if (changed !== undefined) await boards.update(changed);
        return;
      }
      case 'snapshot':
        await this.#rename(entry);
        return;
      case 'simulated': {
        const { editSimulatedEntry } = await import('../boards/local-entry.ts');
        const changed = await editSimulatedEntry(config);
        if (changed !== undefined) await boards.update(changed);
        return;
      }
      case 'local': {
        const { local } = this.#services;
        const present = local.get();
        const { editLocalEntry } = await import('../boards/local-entry.ts');
        const changed = await editLocalEntry(config, present);
        if (changed === undefined) return;
        const { device, sudo } = changed.settings;
        if (device !== present.device || sudo !== present.sudo) await this.#setLocal(entry, changed.settings);
        await boards.update(changed.config);
        return;
      }
    }
  }

  /** Changes how this machine is reached; the connection that was made without that ends. */
  async #setLocal(entry: BoardEntry, settings: LocalSettings): Promise<void> {
    await this.#services.local.set(settings);
    await entry.link.disconnect();
  }

  /** Gives a board another name in the sidebar. Its connection stays. */
  async #rename(entry: BoardEntry): Promise<void> {
    const { refuseName } = await import('../boards/entry-fields.ts');
    const label = await askText({
      title: vscode.l10n.t('Rename Board {0}', entry.config.label),
      prompt: vscode.l10n.t('Name of the board in the sidebar'),
      value: entry.config.label,
      refuse: refuseName,
    });
    if (label !== undefined) await this.#services.boards.update({ ...entry.config, label: label.trim() });
  }

  /** Lets the board be reached through sudo, and connects anew. True once connected. */
  async turnOnSudo(entry: BoardEntry): Promise<boolean> {
    const { boards, local } = this.#services;
    const { config } = entry;
    const needsNone = config.kind === 'simulated' || config.kind === 'snapshot';
    if (needsNone || (config.kind === 'ssh' ? config : local.get()).sudo) {
      sayInformation(
        needsNone
          ? vscode.l10n.t('{0} is no device: it needs no sudo.', config.label)
          : vscode.l10n.t('Sudo is on for {0} already. Connect as root instead.', config.label),
      );
      return false;
    }
    if (config.kind === 'ssh') await boards.update({ ...config, sudo: true });
    else await this.#setLocal(entry, { ...local.get(), sudo: true });
    return this.connect(entry);
  }

  /** Shows a snapshot's file among the boards, once; answers its first memory. Rejects with BoardError. */
  async openSnapshot(path: string): Promise<MemoryResource> {
    const { boards, tree } = this.#services;
    const isSame = ({ config }: BoardEntry): boolean => config.kind === 'snapshot' && config.path === path;
    let entry = boards.entries.find(isSame);
    if (entry === undefined) {
      const label = basename(path);
      const config: BoardConfig = { kind: 'snapshot', label, path, id: newBoardId(label, boards.ids) };
      tree.openFromTheStart(config.id);
      entry = await boards.add(config);
    }
    const signal = AbortSignal.timeout(patience);
    const board = await entry.link.connect(signal);
    const [partition] = await board.partitions(signal);
    const opened = partition && (await board.open(partition.key, {}, signal));
    const memory = opened?.memories[0]?.geometry.type;
    if (opened === undefined || memory === undefined)
      throw new BoardError('no-memory-types', 'an empty snapshot');
    return { board: entry.id, partition: opened.key, memory };
  }

  async #openSnapshot(argument: unknown): Promise<void> {
    const [chosen] =
      argument instanceof vscode.Uri
        ? [argument]
        : ((await vscode.window.showOpenDialog({
            title: vscode.l10n.t('Open Snapshot'),
            filters: {
              [vscode.l10n.t('Snapshot')]: ['aiesnap'],
              [vscode.l10n.t('Core dump of an NPU')]: ['*'],
            },
          })) ?? []);
    if (chosen === undefined) return;
    const resource = await this.openSnapshot(chosen.fsPath);
    await vscode.commands.executeCommand('vscode.open', uriOf(resource));
  }

  #connectWithProgress(entry: BoardEntry): Thenable<unknown> {
    return withProgress(vscode.l10n.t('Connecting to {0}', entry.config.label), async (report, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort());
      const following = entry.link.onDidChangeState((state) => {
        if (state.kind !== 'connecting') return;
        const percent = state.percent === undefined ? '' : ` ${Math.round(state.percent)} %`;
        report(stepText(state.step) + percent);
      });
      try {
        return await entry.link.connect(abort.signal);
      } finally {
        following.dispose();
      }
    });
  }

  async #addBoard(): Promise<void> {
    const machine = vscode.l10n.t('This machine');
    const simulated = vscode.l10n.t('Simulated board');
    const answer = await this.#ask(vscode.l10n.t('Add Board'), [
      {
        label: machine,
        description: vscode.l10n.t('For an editor that runs on the board itself.'),
        value: () => this.#addSimple('local', machine),
      },
      {
        label: simulated,
        description: vscode.l10n.t('An array to play with: no hardware needed.'),
        value: () => this.#addSimple('simulated', simulated),
      },
    ]);
    await answer?.();
  }

  async #addSsh(): Promise<void> {
    await this.#ask(vscode.l10n.t('Add Board over SSH, from {0}', hostname()), []);
  }

  /** Asks for a new board: adds one over SSH, or answers with what adds another one. */
  async #ask(
    title: string,
    others: readonly Choice<() => Promise<void>>[],
  ): Promise<(() => Promise<void>) | undefined> {
    const { askNewBoard } = await sshQuestions();
    const answer = await askNewBoard(
      title,
      await this.#services.sshHosts(),
      others,
      this.#services.boards.ids,
    );
    if (answer === undefined) return undefined;
    if ('other' in answer) return answer.other;
    await this.#add(answer.entry);
    return undefined;
  }

  async #addSimple(kind: 'local' | 'simulated', label: string): Promise<void> {
    await this.#add({ kind, label, id: newBoardId(label, this.#services.boards.ids) });
  }

  async #add(config: BoardConfig): Promise<void> {
    this.#services.tree.openFromTheStart(config.id);
    const entry = await this.#services.boards.add(config);
    await vscode.commands.executeCommand('tilescope.boards.focus');
    await this.connect(entry);
  }

  /** The staged edits of open editors stay there and in their journal: only a person drops them. */
  async #remove(entry: BoardEntry): Promise<void> {
    if (await this.confirmRemoval(entry, this.#services.stagedBytes(entry))) {
      await this.#services.boards.remove(entry.id);
    }
  }

  async #refresh(entry: BoardEntry | undefined): Promise<void> {
    const entries = entry === undefined ? this.#services.boards.entries : [entry];
    await Promise.all([
      this.#services.refreshNames(),
      ...entries
        .filter((one) => one.link.state.kind === 'connected')
        .map((one) => one.link.refreshPartitions(AbortSignal.timeout(patience))),
    ]);
    this.#services.tree.refresh(entry);
  }

  async #copyReport(entry: BoardEntry): Promise<void> {
    const state = entry.link.state;
    let report: string;
    if (state.kind === 'connected') report = await state.board.report(AbortSignal.timeout(patience));
    else if (state.kind === 'offline') {
      report = `# Board report\n\nNot connected: \`${state.error.code}\` ${markdownCode(state.error.message)}\n`;
    } else {
      throw new BoardError('connection-lost', 'a report needs a connection', { host: entry.config.label });
    }
    await vscode.env.clipboard.writeText(report);
    sayInformation(
      vscode.l10n.t('The report of {0} is in the clipboard. It holds no secrets.', entry.config.label),
    );
  }

  async #openMemory(argument: unknown): Promise<void> {
    const resource =
      argument instanceof TileNode || argument instanceof MemoryNode
        ? argument.resource
        : await this.#pickMemory(this.#entryOf(argument));
    if (resource === undefined) return;
    await vscode.commands.executeCommand('vscode.openWith', uriOf(resource), 'tilescope.hex');
  }

  /** Opens a tile by column and row; a text that is given is taken for what is typed. */
  async #openTile(argument: unknown): Promise<void> {
    const { boards, activeMemory } = this.#services;
    if (boards.entries.every(({ link }) => link.state.kind !== 'connected')) {
      const entry = await this.#pickBoard();
      if (entry === undefined || !(await this.connect(entry))) return;
    }
    const active = activeMemory();
    const given = typeof argument === 'string' ? argument : undefined;
    const { askTile } = await memoryQuestions();
    const resource = await askTile(given, this.#services, active?.resource);
    if (resource === undefined) return;
    const { board, partition, memory } = active?.resource ?? {};
    const isSame = board === resource.board && partition === resource.partition && memory === resource.memory;
    if (active !== undefined && isSame) await active.toTile(resource.tile);
    else await vscode.commands.executeCommand('vscode.openWith', uriOf(resource), 'tilescope.hex');
  }

  /** Asks for partition, memory type and tile, connecting first where needed. */
  async #pickMemory(given: BoardEntry | undefined): Promise<MemoryResource | undefined> {
    const entry = given ?? (await this.#pickBoard());
    if (entry === undefined) return undefined;
    if (entry.link.state.kind !== 'connected' && !(await this.connect(entry))) return undefined;
    const { askMemory } = await memoryQuestions();
    return askMemory(entry, this.#services);
  }

  #entryOf(argument: unknown): BoardEntry | undefined {
    if (typeof argument === 'string') return this.#services.boards.get(argument);
    if (
      argument instanceof BoardNode ||
      argument instanceof PartitionNode ||
      argument instanceof MemoryNode
    ) {
      return argument.entry;
    }
    return undefined;
  }

  async #withBoard(argument: unknown, run: (entry: BoardEntry) => Promise<unknown>): Promise<void> {
    const entry = this.#entryOf(argument) ?? (await this.#pickBoard());
    if (entry !== undefined) await run(entry);
  }

  /** The only board, or the one that the person picks. */
  async #pickBoard(): Promise<BoardEntry | undefined> {
    const entries = this.#services.boards.entries;
    if (entries.length === 0) {
      const add = actionNames(vscode.l10n).addBoard;
      const chosen = await sayInformation(vscode.l10n.t('No board has been added yet.'), add);
      if (chosen === add) await this.#addBoard();
      return undefined;
    }
    if (entries.length === 1) return entries[0];
    const chosen = await pickFrom(
      entries.map((entry) => ({ label: entry.config.label, entry })),
      { placeHolder: vscode.l10n.t('Which board?') },
    );
    return chosen?.entry;
  }
}

function confirmRemovalInDialog(entry: BoardEntry, stagedBytes: number): Promise<boolean> {
  const held = entry.link.partitions.filter((info) => info.hold !== undefined);
  const holds =
    held.length === 0
      ? ''
      : ` ${vscode.l10n.t('It goes on holding {0}, until that is released or over.', held.map(columnsText).join(', '))}`;
  return agreesTo({
    title: vscode.l10n.t('Remove {0} from the sidebar?', entry.config.label),
    detail:
      (stagedBytes === 0
        ? vscode.l10n.t('The board itself is not touched.')
        : vscode.l10n.t(
            'The board itself is not touched. {0} bytes that are staged in its open editors stay there. They can be applied once the board is added again with the name {1} and the window is reloaded.',
            stagedBytes,
            entry.id,
          )) + holds,
    agree: vscode.l10n.t('Remove'),
  });
}

/** A step of connecting, in words. */
function stepText(step: ConnectStep): string {
  switch (step) {
    case 'resolving':
      return vscode.l10n.t('reading the ssh configuration');
    case 'connecting':
      return vscode.l10n.t('reaching the host');
    case 'verifying-host':
      return vscode.l10n.t('checking the host key');
    case 'authenticating':
      return vscode.l10n.t('authenticating');
    case 'checking-agent':
      return vscode.l10n.t('looking for the helper on the board');
    case 'uploading-agent':
      return vscode.l10n.t('copying the helper to the board');
    case 'starting-agent':
      return vscode.l10n.t('starting the helper');
    case 'describing':
      return vscode.l10n.t('asking the driver');
  }
}
