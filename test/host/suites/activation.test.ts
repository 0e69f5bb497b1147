import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';

describe('activation', () => {
  it('[shape-7] a window that does not open Tilescope does not start it', () => {
    const extension = vscode.extensions.getExtension('tilescope.tilescope');
    assert.equal(extension?.isActive, false);
  });

  it('[main-3] the extension is found and activates in a real extension host', async () => {
    const extension = vscode.extensions.getExtension('tilescope.tilescope');
    assert.ok(extension, 'tilescope.tilescope is not among the installed extensions');
    await extension.activate();
    assert.equal(extension.isActive, true);
  });
});
