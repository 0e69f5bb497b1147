/** Lists the stacks of a partition's cores with their depths, goes to one, and stages a pattern that shows its depth later. */
import * as vscode from 'vscode';
import { patience } from '../board/board.ts';
import { type ByteRange, formatTile, type Tile, tileStart, tiles } from '../model/geometry.ts';
import { hexNumber } from '../model/numbers.ts';
import type { PlacedName } from '../model/program/build.ts';
import { registersOf } from '../model/program/core-marks.ts';
import { nameSizeText } from '../model/program/name-texts.ts';
import { stackMeetingText, stackUseText } from '../model/program/stack-texts.ts';
import { coreOf, paint, paintedPart } from '../model/program/stack-use.ts';
import type { StackFacts } from '../model/program/stack-uses.ts';
import { type MemoryResource, resourcePath, scheme } from '../model/resource.ts';
import { coreStateName } from '../model/status/sentences.ts';
import type { CoreStatus } from '../model/status/status.ts';
import { pickFrom, sayInformation } from '../say/say.ts';
import type { TileDocument } from './document.ts';
import { refuseLocked } from './locked-memory.ts';
import { type HexEditorProvider, viewType } from './provider.ts';
import { type StackMemory, stackIn, stackRange } from './stacks-in-memory.ts';

/** A line of the list. */
export interface StackItem extends vscode.QuickPickItem {
  readonly facts: StackFacts;
}

/** What can be done with a stack. */
export interface StackAction extends vscode.QuickPickItem {
  readonly action: 'show' | 'paint';
}

/** Its core does nothing until somebody has it go on. */
function isStopped({ enabled, state }: CoreStatus): boolean {
  return !enabled || state === 'debug-halted' || state === 'error' || state === 'done';
}

function clockText(at: number): string {
  return new Date(at).toLocaleTimeString(vscode.env.language);
}

export class Stacks {
  readonly #provider: HexEditorProvider;

  /** How a person chooses; tests answer in their place. */
  pick: (items: readonly StackItem[]) => Thenable<StackItem | undefined> = (items) =>
    pickFrom(items, { placeHolder: vscode.l10n.t('Stacks: choose one to go to it, or to paint it') });
  act: (actions: readonly StackAction[]) => Thenable<StackAction | undefined> = (actions) =>
    pickFrom(actions, { placeHolder: vscode.l10n.t('What to do with this stack') });

  constructor(provider: HexEditorProvider) {
    this.#provider = provider;
  }

  /** Reads and lists the stacks in the data memory of a document's partition. Rejects with BoardError. */
  async show({ resource: { board, partition } }: TileDocument): Promise<void> {
    const { services } = this.#provider;
    const resource: MemoryResource = { board, partition, memory: 'data' };
    const reference = services.acquire(resource);
    if (reference === undefined) return;
    try {
      const { session } = reference;
      const signal = AbortSignal.timeout(patience);
      await session.open(signal);
      const { geometry } = session;
      if (geometry === undefined) return;
      const names = (tile: Tile) => services.names(board, 'data', tile);
      const stacks = tiles(geometry)
        .flatMap((tile) => names(tile).filter(({ kind }) => kind === 'stack'))
        .filter((stack) => stackRange(geometry, stack) !== undefined || stack.size === 0);
      if (stacks.length === 0) {
        sayInformation(vscode.l10n.t('No build says where a stack lies in this partition.'));
        return;
      }
      const ranges = stacks.flatMap((stack) => stackRange(geometry, stack) ?? []);
      await Promise.all(ranges.map((range) => session.refresh(range, signal)));
      const memory = { resource, session, uses: services.stacks, names, reports: services.reports(resource) };
      const items = stacks.flatMap((stack) => {
        const facts = stackIn(memory, coreOf(stack));
        return facts === undefined ? [] : [itemOf(facts)];
      });
      const picked = await this.pick(items);
      if (picked !== undefined) await this.#choose(memory, resource, picked.facts.stack);
    } finally {
      reference.dispose();
    }
  }

  async #choose(memory: StackMemory, resource: MemoryResource, stack: PlacedName): Promise<void> {
    const { session } = memory;
    const { geometry, state } = session;
    const epoch = state.partition?.epoch;
    const core = coreOf(stack);
    const signal = AbortSignal.timeout(patience);
    // Where the stack pointer was a moment ago does not count for what is painted.
    const partition = await session.link.open(resource.partition, signal, 'person');
    const report = await partition.status([core], { asking: 'person' }, signal);
    const facts = stackIn({ ...memory, reports: [report] }, core);
    if (geometry === undefined || facts === undefined) return;
    const status = registersOf([report], core);
    const part = status && isStopped(status) ? paintedPart(facts, status.enabled) : undefined;
    const action = (await this.act(actionsOf(facts, status, part)))?.action;
    if (action === undefined) return;
    const path = resourcePath({ ...resource, tile: stack.tile });
    const uri = vscode.Uri.from({ scheme, authority: resource.board, path });
    await vscode.commands.executeCommand('vscode.openWith', uri, viewType);
    const document = this.#provider.document(uri);
    const tile = tileStart(geometry, stack.tile);
    for (const panel of document?.panels ?? []) {
      if (panel.view.active) panel.reveal(tile + stack.offset, Math.max(1, stack.size));
    }
    if (action === 'show' || document === undefined) return;
    if (part === undefined || session.geometry !== geometry || session.state.partition?.epoch !== epoch) {
      sayInformation(
        vscode.l10n.t('The stack of {0} was not painted: its core is not stopped.', formatTile(core)),
      );
      return;
    }
    refuseLocked(session, document, 'paint a stack in a locked memory');
    const label = vscode.l10n.t('Paint stack of {0}', formatTile(core));
    const bytes = paint(part.offset, part.length);
    this.#provider.edit(document, label, [{ offset: tile + part.offset, bytes }]);
  }
}

function itemOf(facts: StackFacts): StackItem {
  const { stack, meetings } = facts;
  const { l10n } = vscode;
  const place = `${formatTile(stack.tile)}+${hexNumber(stack.offset, 4)}`;
  const about = [l10n.t('{0}: {1}', place, nameSizeText(stack, l10n))];
  return {
    label: formatTile(coreOf(stack)),
    description: stackUseText(facts, l10n, clockText),
    detail: [...about, ...meetings.map((met) => stackMeetingText(facts, met, l10n))].join(' · '),
    facts,
  };
}

function actionsOf(
  { pointer }: StackFacts,
  core: CoreStatus | undefined,
  part: ByteRange | undefined,
): StackAction[] {
  const { l10n } = vscode;
  const why =
    core === undefined
      ? l10n.t('The core could not be looked at.')
      : isStopped(core)
        ? l10n.t('No part of it is free above the stack pointer.')
        : l10n.t('Only while the core is stopped: now {0}.', coreStateName(core.state, l10n));
  const what = l10n.t(
    'Stages a pattern in {0} bytes{1}. Apply writes it; from then on the bytes that differ tell how deep the stack is.',
    part?.length ?? 0,
    pointer === undefined ? '' : l10n.t(' above the stack pointer'),
  );
  return [
    { label: l10n.t('Show Its Bytes'), action: 'show' },
    { label: l10n.t('Paint It'), detail: part === undefined ? why : what, action: 'paint' },
  ];
}
