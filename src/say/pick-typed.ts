/** A question that is answered by typing, for parts that are loaded when they are used. See say.ts. */
import * as vscode from 'vscode';
import { plainText } from '../model/plain.ts';
import { plainItem } from './say.ts';

/** A question that is answered by typing and choosing among lines that depend on what is typed. */
export interface TypedQuestion<T extends vscode.QuickPickItem> {
  readonly title: string;
  readonly placeHolder: string;
  /** The lines for a text. */
  lines(typed: string): readonly T[];
  /** A line can be seen to be chosen; `undefined`: none. */
  onActive(line: T | undefined): void;
  /** Whether a line is an answer. */
  isAnswer(line: T): boolean;
}

/** Asks; `undefined` if the person ended it. Keeps the lines as given: nothing is sorted or left out. */
export function pickTyped<T extends vscode.QuickPickItem>(
  question: TypedQuestion<T>,
): Promise<T | undefined> {
  const picker = vscode.window.createQuickPick<T>();
  picker.title = plainText(question.title);
  picker.placeholder = plainText(question.placeHolder);
  picker.matchOnDescription = false;
  let shown: string | undefined;
  const show = (): readonly T[] => {
    if (shown !== picker.value) {
      shown = picker.value;
      picker.items = question.lines(shown).map((line) => ({ ...plainItem(line), alwaysShow: true }));
      question.onActive(picker.items.find(question.isAnswer));
    }
    return picker.items;
  };
  show();
  return new Promise((done) => {
    let answer: T | undefined;
    picker.onDidChangeValue(() => show());
    picker.onDidChangeActive(([line]) =>
      question.onActive(line !== undefined && question.isAnswer(line) ? line : undefined),
    );
    picker.onDidAccept(() => {
      // Enter may come before the lines for the last letter.
      const lines = show();
      // Or before the window told which of them is active: until then the active line is one of the former list.
      const active = picker.activeItems.find((line) => lines.includes(line));
      const chosen = active ?? lines[0];
      if (chosen === undefined || !question.isAnswer(chosen)) return;
      answer = chosen;
      picker.hide();
    });
    picker.onDidHide(() => {
      picker.dispose();
      done(answer);
    });
    picker.show();
  });
}
