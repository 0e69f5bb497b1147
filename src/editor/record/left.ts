/**
 * What an earlier window left on the board and no tab shows: a person hears of it once the board is connected, and may open or end
 * it. Knows where it was left; not what was recorded.
 */
import * as vscode from 'vscode';
import type { RecordingHandle } from '../../board/board.ts';
import { actionNames } from '../../model/action-names.ts';
import { locate } from '../../model/geometry.ts';
import { type MemoryResource, parseResource, resourcePath, scheme } from '../../model/resource.ts';
import { sayInformation } from '../../say/say.ts';
import type { BoardLink } from '../../session/link.ts';
import { findRecording, type KeptRecording } from '../../session/recorder.ts';
import { viewType } from '../provider.ts';
import type { EditorServices } from '../services.ts';

/** What a person answered; `gone`: the board has it no more, nothing was asked. */
export type LeftAnswer = 'end' | 'open' | 'gone' | 'later';

/**
 * Waits until the board is connected; asks then, and opens the memory where a person wants that. Rejects with BoardError.
 * @param end a person ends it
 */
export async function askAboutLeft(
  kept: KeptRecording,
  resource: MemoryResource,
  services: Pick<EditorServices, 'acquire' | 'boardLabel' | 'memoryName'>,
  end: (handle: RecordingHandle) => Promise<void>,
  signal: AbortSignal,
): Promise<LeftAnswer> {
  const reference = await services.acquire(resource);
  if (reference === undefined) return 'gone';
  try {
    const { link, key } = reference.session;
    await untilConnected(link, signal);
    const handle = await findRecording(link, key, kept, signal);
    if (handle === undefined) return 'gone';
    if (signal.aborted || hasTab(resource)) return 'later';
    const open = vscode.l10n.t('Open Memory');
    const endIt = actionNames(vscode.l10n).endRecording;
    const text = vscode.l10n.t(
      '{0} of {1} is still being recorded, and no tab shows it.',
      services.memoryName(resource),
      services.boardLabel(resource.board),
    );
    const answer = await sayInformation(text, open, endIt);
    if (answer === endIt) {
      await end(handle);
      return 'end';
    }
    if (answer !== open) return 'later';
    const partition = await link.open(key.partition, signal, 'nobody');
    const memory = partition.memory(key.memory);
    const [range] = kept.ranges;
    const tile = memory === undefined || range === undefined ? {} : locate(memory.geometry, range.offset);
    const path = resourcePath({ ...resource, ...tile });
    const uri = vscode.Uri.from({ scheme, authority: resource.board, path });
    await vscode.commands.executeCommand('vscode.openWith', uri, viewType);
    return 'open';
  } finally {
    reference.dispose();
  }
}

/** Resolves once there is a connection. Rejects when the signal aborts. */
function untilConnected(link: BoardLink, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (!signal.aborted && link.state.kind !== 'connected') return;
      following.dispose();
      signal.removeEventListener('abort', look);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    };
    const following = link.onDidChangeState(look);
    signal.addEventListener('abort', look);
    look();
  });
}

/** Whether a tab is of this memory, though it may not have been drawn yet. */
function hasTab({ board, partition, memory }: MemoryResource): boolean {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .some(({ input }) => {
      if (!(input instanceof vscode.TabInputCustom) || input.uri.scheme !== scheme) return false;
      const shown = parseResource(input.uri.authority, input.uri.path);
      return shown?.board === board && shown.partition === partition && shown.memory === memory;
    });
}
