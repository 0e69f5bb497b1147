/** Translates; structurally `vscode.l10n`, so that words need no VS Code. */
export interface Localiser {
  t(message: string, ...args: (string | number)[]): string;
}
