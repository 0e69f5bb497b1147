import { getL10nJson } from '@vscode/l10n-dev';
import { describe, expect, test } from 'vitest';
import { bareTexts, forExport, manifestTexts } from './check-l10n.ts';

describe('[main-1] user-visible strings go through l10n', () => {
  test.each([
    "vscode.window.showErrorMessage('The board is gone.');",
    "sayWarning('The board is gone.');",
    "agreesTo({ title: l10n.t('Hold?'), detail: '', agree: 'Hold' });",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is source under test
    'window.showWarningMessage(`Cannot reach ${host}.`);',
    "vscode.window.showInformationMessage(l10n.t('Ok?'), 'Retry');",
    "vscode.window.showWarningMessage(l10n.t('Write?'), { modal: true, detail: 'Twelve bytes' });",
    "vscode.window.withProgress({ location: 15, title: 'Connecting' }, run);",
    "new vscode.TreeItem('Simulated board');",
    "item.tooltip = busy ? 'in use' : l10n.t('free');",
    "status.message = 'Reading ' + name;",
  ])('[main-1] bare text is found: %s', (source) => {
    expect(bareTexts(source)).toHaveLength(1);
  });

  test.each([
    "vscode.window.showErrorMessage(l10n.t('The board is gone.'));",
    "item.label = l10n.t('columns {0} to {1}', first, last);",
    "item.description = '$(lock)';",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is source under test
    'item.label = `(${column},${row})`;',
    "const channel = 'not shown to anyone';",
  ])('[main-1] nothing to find: %s', (source) => {
    expect(bareTexts(source)).toEqual([]);
  });

  test.each([
    "function say(l10n: Localiser) { return l10n.t('Hold'); }",
    "class Said { #l10n; say() { return this.#l10n.t('Hold'); } }",
  ])('[main-1] a text of a module that is handed the translator is exported: %s', async (source) => {
    const exported = await getL10nJson([{ extension: '.ts', contents: forExport(source) }]);
    expect(exported).toEqual({ Hold: 'Hold' });
  });

  test('[main-1] the manifest: keys are collected, bare titles are found', () => {
    const { keys, bare } = manifestTexts({
      displayName: 'Tilescope',
      contributes: {
        commands: [
          { command: 'tilescope.a', title: '%command.a%', category: 'Tilescope' },
          { command: 'tilescope.b', title: 'Do B' },
        ],
      },
    });
    expect([...keys]).toEqual(['command.a']);
    expect(bare).toEqual(['contributes.commands[1].title: "Do B"']);
  });
});
