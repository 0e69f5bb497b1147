/**
 * What VS Code is given to show or ask in words. Everything passes `plainText` here, so that no text of a board, a file
 * or a server is ever markup: VS Code makes links of `[label](command:...)` in notifications, progress, questions for
 * text and messages of views, and pictures of `$(name)`. Nothing outside this folder calls these parts of VS Code
 * (`only-here.test.ts`).
 */
import * as vscode from 'vscode';
import { markdownText, plainText } from '../model/plain.ts';

/** Tells a failure. Resolves with the button that was chosen. */
export function sayError(text: string, ...buttons: string[]): Thenable<string | undefined> {
  return vscode.window.showErrorMessage(plainText(text), ...buttons);
}

/** Warns. Resolves with the button that was chosen. */
export function sayWarning(text: string, ...buttons: string[]): Thenable<string | undefined> {
  return vscode.window.showWarningMessage(plainText(text), ...buttons);
}

/** Tells something. Resolves with the button that was chosen. */
export function sayInformation(text: string, ...buttons: string[]): Thenable<string | undefined> {
  return vscode.window.showInformationMessage(plainText(text), ...buttons);
}

/** A question that has to be answered before anything else is done. */
export interface ModalQuestion {
  readonly title: string;
  readonly detail: string;
  /** The button that agrees. */
  readonly agree: string;
  /** Shown as a danger rather than as a warning. */
  readonly danger?: boolean;
}

/** Asks in a modal dialog; true if the person agrees. */
export async function agreesTo({ title, detail, agree, danger }: ModalQuestion): Promise<boolean> {
  const options = { modal: true, detail: plainText(detail) };
  const chosen =
    danger === true
      ? await vscode.window.showErrorMessage(plainText(title), options, agree)
      : await vscode.window.showWarningMessage(plainText(title), options, agree);
  return chosen === agree;
}

/** An answer to a question that came unasked. */
export type UnaskedAnswer = 'yes' | 'no' | 'never';

/**
 * Asks what another program wants. It comes unasked, so a key that is on its way to something else must agree to nothing: the
 * button that refuses is the first, which has the focus.
 * @param never the button for not to be asked so any more
 */
export async function answerUnasked(
  { title, detail, agree }: ModalQuestion,
  refuse: string,
  never: string,
): Promise<UnaskedAnswer> {
  const options = { modal: true, detail: plainText(detail) };
  const chosen = await vscode.window.showWarningMessage(plainText(title), options, refuse, agree, never);
  if (chosen === agree) return 'yes';
  return chosen === never ? 'never' : 'no';
}

/** Says something in the status bar for a while. */
export function sayBriefly(text: string, milliseconds: number): void {
  vscode.window.setStatusBarMessage(plainText(text), milliseconds);
}

/**
 * Lets one of the items be picked; resolves with it, its texts made plain. The question stays until it is answered or ended
 * with Escape: a page that takes the keys late does not take it away.
 */
export function pickFrom<T extends vscode.QuickPickItem>(
  items: readonly T[],
  options: { readonly title?: string; readonly placeHolder: string },
): Thenable<T | undefined> {
  return vscode.window.showQuickPick(items.map(plainItem), {
    placeHolder: plainText(options.placeHolder),
    ignoreFocusOut: true,
    ...(options.title === undefined ? {} : { title: plainText(options.title) }),
  });
}

/** An item of a quick pick with plain texts. */
export function plainItem<T extends vscode.QuickPickItem>(item: T): T {
  return {
    ...item,
    label: plainText(item.label),
    ...(item.description === undefined ? {} : { description: plainText(item.description) }),
    ...(item.detail === undefined ? {} : { detail: plainText(item.detail) }),
  };
}

/** A question for one line of text. */
export interface TextQuestion {
  readonly title: string;
  readonly prompt: string;
  readonly value?: string;
  readonly password?: boolean;
  /** The sentence that says why the text cannot be taken. */
  readonly refuse?: (text: string) => string | undefined;
}

/** Asks for one line of text; `undefined` if the person ended it or the token did. It stays as `pickFrom` does. */
export function askText(
  { refuse, title, prompt, ...rest }: TextQuestion,
  token?: vscode.CancellationToken,
): Thenable<string | undefined> {
  return vscode.window.showInputBox(
    {
      ...rest,
      title: plainText(title),
      prompt: plainText(prompt),
      ignoreFocusOut: true,
      ...(refuse === undefined
        ? {}
        : {
            validateInput: (text: string) => {
              const sentence = refuse(text);
              return sentence === undefined ? undefined : plainText(sentence);
            },
          }),
    },
    token,
  );
}

/** Runs a task with a notification that shows its progress and can be cancelled. */
export function withProgress<T>(
  title: string,
  task: (report: (step: string) => void, token: vscode.CancellationToken) => Promise<T>,
): Thenable<T> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: plainText(title), cancellable: true },
    (progress, token) => task((step) => progress.report({ message: plainText(step) }), token),
  );
}

/** An error whose text VS Code shows as it is, where it calls us: opening, saving. */
export function shownError(text: string): Error {
  return new Error(plainText(text));
}

/** A tooltip: a title, then names and values, then further lines; all as text. */
export function tableTooltip(
  title: string,
  rows: readonly (readonly [string, string])[],
  lines: readonly string[] = [],
): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString();
  markdown.appendMarkdown(`**${markdownText(title)}**\n\n`);
  for (const [name, value] of rows) {
    markdown.appendMarkdown(`${markdownText(name)}: ${markdownText(value)}  \n`);
  }
  for (const line of lines) markdown.appendMarkdown(`\n- ${markdownText(line)}`);
  return markdown;
}

/** The tooltip with one more line each; a tooltip that is no table stays as it is. */
export function addToTooltip(tooltip: vscode.TreeItem['tooltip'], lines: readonly string[]): void {
  if (!(tooltip instanceof vscode.MarkdownString)) return;
  for (const line of lines) tooltip.appendMarkdown(`${markdownText(line)}  \n`);
}

/** A row of a tree, its texts made plain. Every tree gives its rows through here. */
export function plainRow(item: vscode.TreeItem): vscode.TreeItem {
  if (typeof item.label === 'string') item.label = plainText(item.label);
  if (typeof item.description === 'string') item.description = plainText(item.description);
  if (typeof item.tooltip === 'string') item.tooltip = plainText(item.tooltip);
  return item;
}

/** The words above a view's rows: beside its name, and in place of rows. */
export function setViewTexts<T>(view: vscode.TreeView<T>, description: string, message: string): void {
  view.description = plainText(description);
  view.message = plainText(message);
}

/** A place in the status bar. */
export class StatusPlace implements vscode.Disposable {
  readonly #item: vscode.StatusBarItem;

  /** @param name what it is called where a person hides it */
  constructor(id: string, priority: number, name: string) {
    this.#item = vscode.window.createStatusBarItem(id, vscode.StatusBarAlignment.Right, priority);
    this.#item.name = name;
  }

  /** What stands there, with its icon. */
  get text(): string {
    return this.#item.text;
  }

  /** @param icon name of a codicon; none if empty. @param isWarning it stands out */
  show(icon: string, text: string, tooltip: string, command: string, isWarning = false): void {
    const plain = plainText(text);
    this.#item.text = icon === '' ? plain : `$(${icon}) ${plain}`;
    this.#item.tooltip = plainText(tooltip);
    this.#item.command = command;
    this.#item.backgroundColor = isWarning
      ? new vscode.ThemeColor('statusBarItem.warningBackground')
      : undefined;
    this.#item.show();
  }

  hide(): void {
    this.#item.hide();
  }

  dispose(): void {
    this.#item.dispose();
  }
}
