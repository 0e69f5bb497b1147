/** Debug sessions in VS Code: their type, the command that starts one, and who follows the selected core. */
import * as vscode from 'vscode';
import { debugType } from '../model/debug-type.ts';
import type { Tile } from '../model/geometry.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import { sayInformation } from '../say/say.ts';
import type { DebugServices, DebugSessionParts } from './attach.ts';
import type { MemoryPlace } from './core-memory.ts';
import type { DisassemblyView } from './disassembly-view.ts';
import { menuTarget } from './menu-target.ts';
import { shownPartitions } from './shown-partitions.ts';
import { tileOfThread } from './thread-ids.ts';

/** A core that was selected in the call stack. */
export interface DebuggedTile {
  readonly board: string;
  readonly partition: PartitionKey;
  readonly tile: Tile;
}

/** What a menu's command is about; `at` where it is about something in the memory of the tile. */
interface Target extends DebuggedTile {
  readonly at?: MemoryPlace;
}

export class DebugFace implements vscode.Disposable {
  readonly #services: DebugServices;
  readonly #sessions = new Map<string, DebugSessionParts>();
  readonly #selected = new vscode.EventEmitter<DebuggedTile>();
  readonly #subscriptions: vscode.Disposable[];
  #disassembly: DisassemblyView | undefined;

  /** Fires when another core is selected in the call stack: by a person, or by the editor, as when another session ends. */
  readonly onDidSelectTile = this.#selected.event;

  constructor(services: DebugServices) {
    this.#services = services;
    const { debug } = vscode;
    this.#subscriptions = [
      this.#selected,
      vscode.commands.registerCommand('tilescope.debugCores', (argument?: unknown) =>
        this.#start(argument).catch((error) => services.showFailure(error)),
      ),
      this.#command('openDebugged', (given) => this.#open(given)),
      this.#command('showDebugged', (given) => this.#showInArray(given)),
      this.#command('showDisassembly', () => this.#showDisassembly()),
      this.#command('sampleAgain', () => this.#sampleAgain()),
      this.#command('allowHalting', (given) => this.#allowHalting(given)),
      debug.registerDebugConfigurationProvider(debugType, {
        resolveDebugConfiguration: (_, configuration) => this.#complete(configuration),
      }),
      debug.registerDebugConfigurationProvider(
        debugType,
        { provideDebugConfigurations: () => this.#configurations() },
        vscode.DebugConfigurationProviderTriggerKind.Dynamic,
      ),
      debug.registerDebugAdapterDescriptorFactory(debugType, {
        createDebugAdapterDescriptor: async (session) => {
          const { makeAdapter } = await import('./attach.ts');
          const parts = makeAdapter(services);
          this.#sessions.set(session.id, parts);
          return new vscode.DebugAdapterInlineImplementation(parts.adapter);
        },
      }),
      debug.registerDebugAdapterTrackerFactory('*', {
        createDebugAdapterTracker: ({ type }) =>
          type === debugType ? undefined : { onDidSendMessage: (message) => this.#other(message) },
      }),
      debug.onDidTerminateDebugSession(({ id }) => this.#sessions.delete(id)),
      debug.onDidChangeActiveStackItem((item) => this.#select(item)),
    ];
  }

  dispose(): void {
    for (const one of this.#subscriptions) one.dispose();
  }

  /** The disassembly beside the program memory in front; loaded when it is first wanted. */
  async #showDisassembly(): Promise<void> {
    const { DisassemblyView } = await import('./disassembly-view.ts');
    if (this.#disassembly === undefined) {
      const memory = await this.#services.programMemory();
      this.#disassembly ??= new DisassemblyView(memory, this.#services.after);
      this.#subscriptions.push(this.#disassembly);
    }
    await this.#disassembly.show();
  }

  #command(name: string, run: (given: readonly unknown[]) => Promise<void>): vscode.Disposable {
    return vscode.commands.registerCommand(`tilescope.${name}`, (...given: unknown[]) =>
      run(given).catch((error) => this.#services.showFailure(error)),
    );
  }

  /** The core that a menu is about, else the selected one; with none that is said. */
  #target(given: readonly unknown[]): Target | undefined {
    const { sessionId, threadId, reference } = menuTarget(given);
    const active = vscode.debug.activeStackItem;
    const id = sessionId ?? active?.session.id;
    const parts = id === undefined ? undefined : this.#sessions.get(id);
    const shown = parts?.shown();
    const thread = threadId ?? (active?.session.id === id ? active?.threadId : undefined);
    const at = reference === undefined ? undefined : parts?.adapter.placeOf(reference);
    const tile = at?.tile ?? (thread === undefined ? undefined : tileOfThread(thread));
    if (shown === undefined || tile === undefined) {
      sayInformation(vscode.l10n.t('Select a core in the call stack of a debug session of cores first.'));
      return undefined;
    }
    return { ...shown, tile, ...(at === undefined ? {} : { at }) };
  }

  /** The memory of the core, at the bytes of the variable. */
  async #open(given: readonly unknown[]): Promise<void> {
    const target = this.#target(given);
    if (target === undefined) return;
    const { board, partition, tile, at } = target;
    const resource = { board, partition, memory: at?.memory ?? ('data' as const), tile };
    await this.#services.openPlace(resource, { offset: at?.offset ?? 0, length: at === undefined ? 1 : 4 });
  }

  async #showInArray(given: readonly unknown[]): Promise<void> {
    const target = this.#target(given);
    if (target === undefined) return;
    await this.#services.showInArray(target);
  }

  /** The editor pauses only what runs for it: a core that was sampled is asked again here. */
  async #sampleAgain(): Promise<void> {
    const { session, threadId } = vscode.debug.activeStackItem ?? {};
    if (session === undefined || threadId === undefined || !this.#sessions.has(session.id)) {
      this.#target([]);
      return;
    }
    await session.customRequest('pause', { threadId });
  }

  /** Of the session that a menu is about, else of the active one. */
  async #allowHalting(given: readonly unknown[]): Promise<void> {
    const id = menuTarget(given).sessionId ?? vscode.debug.activeDebugSession?.id;
    const { allowHalting } = await import('./allow-halting.ts');
    await allowHalting(
      id === undefined ? undefined : this.#sessions.get(id)?.adapter.halting,
      this.#services,
    );
  }

  /** A held sample would keep the breakpoint of another session from the focus. */
  #other(message: unknown): void {
    const { type, event } = (message ?? {}) as { readonly type?: unknown; readonly event?: unknown };
    if (type !== 'event' || event !== 'stopped') return;
    for (const { adapter } of this.#sessions.values()) adapter.dropSamples();
  }

  #select(item: vscode.DebugThread | vscode.DebugStackFrame | undefined): void {
    const shown = item === undefined ? undefined : this.#sessions.get(item.session.id)?.shown();
    if (item !== undefined && shown !== undefined) {
      this.#selected.fire({ ...shown, tile: tileOfThread(item.threadId) });
    }
  }

  async #start(argument: unknown): Promise<void> {
    const chosen = this.#services.partitionOf(argument);
    const begun = await vscode.debug.startDebugging(undefined, {
      type: debugType,
      request: 'attach',
      name: vscode.l10n.t('AI Engine cores'),
      ...(chosen === undefined ? {} : { board: chosen.board, partition: chosen.columns.startCol }),
      // The call stack is what a person wants to see, not the console.
      internalConsoleOptions: 'neverOpen',
    });
    if (begun) await vscode.commands.executeCommand('workbench.view.debug');
  }

  /** One for each partition that is in use, so that no file is needed. */
  #configurations(): vscode.DebugConfiguration[] {
    return shownPartitions(this.#services)
      .filter(({ info }) => info.inUse)
      .map(({ board, info }) => ({
        type: debugType,
        request: 'attach',
        name: vscode.l10n.t('Cores of {0}, {1}', board.label, this.#services.columnsText(info)),
        board: board.id,
        partition: info.columns.startCol,
      }));
  }

  async #complete(configuration: vscode.DebugConfiguration): Promise<vscode.DebugConfiguration | undefined> {
    const { complete } = await import('./complete.ts');
    return complete(configuration, this.#services);
  }
}
