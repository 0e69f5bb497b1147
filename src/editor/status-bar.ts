/** The status bar of the active tile memory editor: policy and staged bytes, selection, read time, what following costs. */
import * as vscode from 'vscode';
import type { Disposable } from '../model/event.ts';
import { formatTile, locate } from '../model/geometry.ts';
import { every } from '../model/later.ts';
import { hexNumber } from '../model/numbers.ts';
import { StatusPlace } from '../say/say.ts';
import type { HexPanel } from './panel.ts';
import type { HexEditorProvider } from './provider.ts';
import { liveText } from './sentences.ts';

export class EditorStatusBar implements vscode.Disposable {
  readonly #provider: HexEditorProvider;
  readonly #policy = new StatusPlace('tilescope.policy', 103, vscode.l10n.t('Tile Memory: Policy'));
  readonly #selection = new StatusPlace('tilescope.selection', 102, vscode.l10n.t('Tile Memory: Selection'));
  readonly #readAt = new StatusPlace('tilescope.readAt', 101, vscode.l10n.t('Tile Memory: Read Time'));
  readonly #live = new StatusPlace('tilescope.live', 100, vscode.l10n.t('Tile Memory: Live'));
  readonly #following: vscode.Disposable;
  /** Shows the figures of the followed memory, which change all the time. */
  #clock: Disposable | undefined;

  constructor(provider: HexEditorProvider) {
    this.#provider = provider;
    this.#following = provider.onDidChangePanel(() => this.#show(provider.activePanel));
  }

  /** What stands in the status bar now; for tests. */
  get texts(): readonly string[] {
    return this.#provider.activePanel === undefined
      ? []
      : [this.#policy.text, this.#selection.text, this.#readAt.text, this.#live.text];
  }

  dispose(): void {
    this.#following.dispose();
    this.#policy.dispose();
    this.#selection.dispose();
    this.#readAt.dispose();
    this.#live.dispose();
    this.#clock?.dispose();
  }

  #show(panel: HexPanel | undefined): void {
    this.#runClock(panel);
    if (panel === undefined) {
      this.#policy.hide();
      this.#selection.hide();
      this.#readAt.hide();
      return;
    }
    const state = panel.state;
    if (state.policy === 'locked') {
      this.#policy.show(
        'lock',
        vscode.l10n.t('Locked'),
        state.lockedFor ?? vscode.l10n.t('Typing changes nothing. Click to unlock editing.'),
        'tilescope.unlock',
      );
    } else if (state.policy === 'immediate') {
      this.#policy.show(
        'zap',
        vscode.l10n.t('Immediate: each edit is written'),
        vscode.l10n.t('What is typed in this editor is written to the device at once. Click to stage edits.'),
        'tilescope.stageEdits',
        true,
      );
    } else if (state.stagedBytes === 0) {
      this.#policy.show(
        'unlock',
        state.beside === undefined
          ? vscode.l10n.t('Staged: nothing')
          : vscode.l10n.t('Beside {0}: nothing staged', state.beside),
        vscode.l10n.t('Typed bytes stay here until they are applied. Click to lock.'),
        'tilescope.lock',
      );
    } else {
      this.#policy.show(
        'edit',
        state.stagedBytes === 1
          ? vscode.l10n.t('Staged: 1 byte')
          : vscode.l10n.t('Staged: {0} bytes', state.stagedBytes),
        vscode.l10n.t('Click to write the staged bytes to the device.'),
        'tilescope.apply',
      );
    }
    this.#readAt.show(
      'history',
      state.readAt,
      vscode.l10n.t('Read the shown memory again'),
      'tilescope.refresh',
    );
    if (this.#clock === undefined) this.#showLive();
    const text = selectionText(panel);
    if (text === undefined) this.#selection.hide();
    else this.#selection.show('', text.short, text.long, 'tilescope.goTo');
  }

  /** While the active tab is followed, its figures are shown anew by themselves. */
  #runClock(panel: HexPanel | undefined): void {
    const live = panel?.live;
    const isRunning = live !== undefined && live.paused === undefined;
    if (isRunning === (this.#clock !== undefined)) {
      if (panel === undefined) this.#live.hide();
      return;
    }
    this.#clock?.dispose();
    this.#clock = isRunning ? every(figuresMs, () => this.#showLive()) : undefined;
    this.#showLive();
  }

  #showLive(): void {
    const live = this.#provider.activePanel?.live;
    if (live === undefined) {
      this.#live.hide();
      return;
    }
    this.#live.show(
      live.paused === undefined ? 'pulse' : 'debug-pause',
      liveText(live, Date.now(), vscode.l10n),
      vscode.l10n.t(
        'What following this memory reads on the board and sends over the link, and how old the bytes on screen are. Every read may stall a core for a moment. Click to choose how often.',
      ),
      'tilescope.live',
    );
  }
}

/** The figures are shown anew this often, milliseconds: nobody reads faster. */
const figuresMs = 500;

function selectionText(panel: HexPanel): { short: string; long: string } | undefined {
  const shown = panel.document.isOutside ? undefined : panel.document.shown;
  const selection = panel.selection;
  if (shown === undefined || selection === undefined) return undefined;
  const { range, geometry } = shown;
  const start = selection.length > 0 ? selection.start : selection.cursor;
  if (start < range.offset || start >= range.offset + range.length) return undefined;
  const place = locate(geometry, start);
  const value = valueText(panel, start, selection.length);
  const name = panel.nameAt(start);
  const size = selection.selected > 1 ? vscode.l10n.t('{0} bytes selected', selection.selected) : '';
  const parts = [
    selection.address || `${formatTile(place.tile)}+${hexNumber(place.offset, 4)}`,
    name,
    value,
    size,
  ].filter((part) => part !== '');
  return {
    short: parts.join('  '),
    long: vscode.l10n.t(
      'Tile {0}, tile offset {1}, buffer offset {2}. The value is the one that the core reads (little-endian).',
      formatTile(place.tile),
      hexNumber(place.offset, 4),
      hexNumber(start, 4),
    ),
  };
}

/** The value that a core reads: of the selection if it is 1, 2, 4 or 8 bytes, otherwise of the word at its start. */
function valueText(panel: HexPanel, start: number, length: number): string {
  const size = length === 2 || length === 8 ? length : length > 1 ? 4 : length === 1 ? 1 : 4;
  const shown = panel.document.shown;
  if (shown === undefined || start + size > shown.range.offset + shown.range.length) return '';
  const bytes = panel.knownBytes({ offset: start, length: size });
  if (bytes === undefined) return '';
  let value = 0n;
  for (let index = size - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index] ?? 0);
  return `= ${hexNumber(value, size * 2)}`;
}
