import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { tilescope } from './support.ts';

/** The parts of the extension that this extension host has loaded, without what several of them share. */
function loadedParts(): string[] {
  return Object.keys(require.cache)
    .flatMap((path) => /[/\\]dist[/\\]parts[/\\]([a-z]+)\.cjs$/.exec(path)?.[1] ?? [])
    .sort();
}

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

  it('[shape-7] no part is loaded at start; the way to a board, SSH too, at its first connection', async () => {
    const api = await tilescope();
    assert.deepEqual(loadedParts(), []);
    const simulated = api.boards.addForNow({ kind: 'simulated', label: 'Parts', id: 'parts' });
    const far = api.boards.addForNow({
      kind: 'ssh',
      label: 'Far',
      id: 'far',
      host: '127.0.0.1',
      port: 1,
      sudo: false,
    });
    try {
      await simulated.link.connect();
      assert.deepEqual(loadedParts(), ['simulated']);
      await assert.rejects(far.link.connect());
      assert.deepEqual(loadedParts(), ['simulated', 'ssh']);
    } finally {
      await api.boards.remove('parts');
      await api.boards.remove('far');
    }
  });
});
