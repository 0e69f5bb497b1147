/** First contact with a driver that this version does not know: shows what was found and asks before the first mapping. */
import * as v from 'valibot';
import * as vscode from 'vscode';
import { fittingItems } from '../model/shapes.ts';
import { agreesTo } from '../say/say.ts';
import type { BoardEntry } from './boards.ts';

const consentKey = 'tilescope.driverConsent';

/** Asks with a modal dialog; true to go on. */
function confirmInDialog(label: string, findings: readonly string[]): Promise<boolean> {
  const warning = vscode.l10n.t(
    'So far only sysfs and the list of partitions were read. The next step maps tile memory; a driver that works differently could crash the board.',
  );
  return agreesTo({
    title: vscode.l10n.t('The driver of {0} is not one that this version knows.', label),
    detail: [warning, '', ...findings.slice(0, mostFindings)].join('\n'),
    agree: vscode.l10n.t('Map Its Memory'),
  });
}

/** Lines that fit into a dialog. */
const mostFindings = 30;

/** Remembers the person's consent per board and kernel release. */
export class DriverConsent {
  /** How the person is asked; tests answer in their place. */
  confirm: (label: string, findings: readonly string[]) => Promise<boolean> = confirmInDialog;
  readonly #state: vscode.Memento;

  constructor(state: vscode.Memento) {
    this.#state = state;
  }

  /** Tells a fresh connection what the person agreed to before. */
  recall(entry: BoardEntry): void {
    const name = consentName(entry);
    if (name !== undefined) entry.link.allowUnknownDriver = this.#given().includes(name);
  }

  /** True once the person agrees, now or before. */
  async ask(entry: BoardEntry): Promise<boolean> {
    const name = consentName(entry);
    const state = entry.link.state;
    if (name === undefined || state.kind !== 'connected') return false;
    if (entry.link.allowUnknownDriver) return true;
    if (!(await this.confirm(entry.config.label, state.board.info.findings))) return false;
    entry.link.allowUnknownDriver = true;
    await this.#state.update(consentKey, [...new Set([...this.#given(), name])]);
    return true;
  }

  #given(): string[] {
    return fittingItems(v.string(), this.#state.get(consentKey));
  }
}

function consentName(entry: BoardEntry): string | undefined {
  const state = entry.link.state;
  return state.kind === 'connected' ? `${entry.id}|${state.board.info.kernel}` : undefined;
}
