/** First contact with a driver that this version does not know: shows what was found and asks before the first mapping. */
import * as vscode from 'vscode';
import type { BoardEntry } from './boards.ts';

const consentKey = 'tilescope.driverConsent';

/** Remembers the person's consent per board and kernel release. */
export class DriverConsent {
  readonly #state: vscode.Memento;

  constructor(state: vscode.Memento) {
    this.#state = state;
  }

  /** Tells a fresh connection what the person agreed to before. */
  recall(entry: BoardEntry): void {
    const name = consentName(entry);
    if (name !== undefined) entry.link.allowUnknownDriver = this.#given().includes(name);
  }

  /** Asks with a modal dialog; true once the person agrees, now or before. */
  async ask(entry: BoardEntry): Promise<boolean> {
    const name = consentName(entry);
    const state = entry.link.state;
    if (name === undefined || state.kind !== 'connected') return false;
    if (entry.link.allowUnknownDriver) return true;
    const allow = vscode.l10n.t('Map Its Memory');
    const chosen = await vscode.window.showWarningMessage(
      vscode.l10n.t('The driver of {0} is not one that this version knows.', entry.config.label),
      {
        modal: true,
        detail: `${vscode.l10n.t('So far only sysfs and the list of partitions were read. The next step maps tile memory; a driver that works differently could crash the board.')}\n\n${state.board.info.findings.slice(0, 30).join('\n')}`,
      },
      allow,
    );
    if (chosen !== allow) return false;
    entry.link.allowUnknownDriver = true;
    await this.#state.update(consentKey, [...new Set([...this.#given(), name])]);
    return true;
  }

  #given(): string[] {
    const given: unknown = this.#state.get(consentKey);
    return Array.isArray(given) ? given.filter((name) => typeof name === 'string') : [];
  }
}

function consentName(entry: BoardEntry): string | undefined {
  const state = entry.link.state;
  return state.kind === 'connected' ? `${entry.id}|${state.board.info.kernel}` : undefined;
}
