/** How failures are shown: one sentence and the next step, with buttons that take it; the detail goes to the log. */
import * as vscode from 'vscode';
import { type BoardError, toBoardError } from '../board/errors.ts';
import { explain } from '../board/explain.ts';
import { actionNames } from '../model/action-names.ts';
import { cleanLine, plainText } from '../model/plain.ts';
import { sayError, sayWarning } from '../say/say.ts';

/** What can be done about a failure, apart from reading the log. */
export interface FailureActions {
  /** Tries the same again. */
  readonly retry?: () => Thenable<unknown> | undefined;
  /** Set when the failure is about a board entry that can be edited. */
  readonly edit?: () => Thenable<unknown> | undefined;
  /** Set when the failure is about a board that sudo could help with. */
  readonly turnOnSudo?: () => Thenable<unknown> | undefined;
}

/** Failures that come from how the board entry is written. */
const aboutTheEntry: ReadonlySet<BoardError['code']> = new Set([
  'host-unknown',
  'refused',
  'unreachable',
  'proxy-failed',
  'auth-failed',
  'key-unreadable',
  'config',
  'no-device',
  'other-device',
  'permission',
  'sudo-failed',
  'sudo-refused',
  'sudo-broken',
  'shell-banner',
  'shell-ended',
  'shell-hangs',
  'shell-flood',
  'shell-input',
  'no-programs',
]);

/** Failures whose next step is to turn on sudo. */
export const helpedBySudo: ReadonlySet<BoardError['code']> = new Set(['permission', 'owner-hidden']);

/** The sentence and the next step, as one plain text: facts in it come from boards. */
export function errorText(error: BoardError): string {
  const { message, nextStep } = explain(error, vscode.l10n);
  return plainText(nextStep === '' ? message : `${message} ${nextStep}`);
}

export class Failures {
  readonly #log: vscode.LogOutputChannel;

  constructor(log: vscode.LogOutputChannel) {
    this.#log = log;
  }

  /** Writes a failure to the log only: code, detail, facts, cause. */
  note(thrown: unknown): BoardError {
    const error = toBoardError(thrown);
    if (error.code === 'cancelled') return error;
    const facts = Object.keys(error.facts).length === 0 ? '' : ` ${JSON.stringify(error.facts)}`;
    this.#log.error(cleanLine(`${error.code}: ${error.message}${facts}`));
    if (error.code === 'internal' && error.cause instanceof Error) this.#log.error(error.cause);
    return error;
  }

  /** Logs and shows a warning. It has a button, so VS Code leaves it there until a person closes it. */
  async warn(text: string): Promise<void> {
    this.#log.warn(cleanLine(text));
    const { showLog } = actionNames(vscode.l10n);
    if ((await sayWarning(text, showLog)) === showLog) this.#log.show();
  }

  /** Logs and shows a failure. A cancellation is the person's own doing and is not shown. */
  async show(thrown: unknown, actions: FailureActions = {}): Promise<void> {
    const error = this.note(thrown);
    if (error.code === 'cancelled') return;
    const retry = vscode.l10n.t('Retry');
    const edit = actionNames(vscode.l10n).editBoard;
    const sudo = actionNames(vscode.l10n).turnOnSudo;
    const replace = vscode.l10n.t('Replace Key...');
    const showLog = actionNames(vscode.l10n).showLog;
    const buttons: string[] = [];
    if (actions.retry !== undefined) buttons.push(error.code === 'host-key-changed' ? replace : retry);
    if (actions.turnOnSudo !== undefined && helpedBySudo.has(error.code)) buttons.push(sudo);
    if (actions.edit !== undefined && aboutTheEntry.has(error.code)) buttons.push(edit);
    buttons.push(showLog);
    const chosen = await sayError(errorText(error), ...buttons);
    if (chosen === retry || chosen === replace) await actions.retry?.();
    else if (chosen === sudo) await actions.turnOnSudo?.();
    else if (chosen === edit) await actions.edit?.();
    else if (chosen === showLog) this.#log.show();
  }
}
