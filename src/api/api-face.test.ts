import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { ApiServices } from './api-services.ts';
import { toolNames } from './tool-names.ts';

const registered = vi.fn(() => ({ dispose: () => undefined }));
const editor = {
  EventEmitter: class {
    event = () => ({ dispose: () => undefined });
    dispose = () => undefined;
  },
  Disposable: { from: () => ({ dispose: () => undefined }) },
  commands: { registerCommand: vi.fn(() => ({ dispose: () => undefined })) },
  extensions: { getExtension: () => undefined },
  l10n: { t: (text: string) => text },
  lm: undefined as unknown,
};
vi.mock('vscode', () => editor);
const { ApiFace } = await import('./api-face.ts');

const make = () => {
  const nothing = { onDidChangeBoards: () => ({ dispose: () => undefined }) };
  return new ApiFace(nothing as unknown as ApiServices);
};

describe('[live-11] the API in an editor', () => {
  beforeEach(() => registered.mockClear());

  test.each([
    ['has no language models', undefined],
    ['has them without tools', { tools: [] }],
  ])('that %s is there, without tools', (_, lm) => {
    editor.lm = lm;
    const face = make();
    expect(face.exports.versions).toEqual([1]);
    expect(registered).not.toHaveBeenCalled();
    face.dispose();
  });

  test('that has tools for them registers those of the manifest', () => {
    editor.lm = { registerTool: registered };
    make().dispose();
    expect(registered.mock.calls.map(([name]: unknown[]) => name)).toEqual([...toolNames]);
  });
});
