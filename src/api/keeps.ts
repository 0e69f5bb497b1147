/** Snapshots for other programs: a tile or a memory, read for nobody and within the budget, then written to a file. */
import * as vscode from 'vscode';
import type { SnapshotResult } from '../../api/tilescope.d.ts';
import { saysItIsKept } from '../board/snapshot/kept-file.ts';
import { isUnreadable, stateBits } from '../model/byte-state.ts';
import { containsTile, tileRange, tiles } from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import { ApiError } from './api-error.ts';
import { type ApiParts, JoinedMemory } from './joined-memory.ts';
import { askedPlace } from './places.ts';
import { changedHands, freePartition } from './refusals.ts';

/** The file, which another program may make or replace where it is a snapshot. @throws ApiError `bad-request` */
async function target(file: unknown, l10n: Localiser): Promise<vscode.Uri> {
  if (!(file instanceof vscode.Uri) || !file.path.endsWith('.aiesnap')) {
    throw new ApiError('bad-request', l10n.t('A snapshot needs a file whose name ends in .aiesnap.'));
  }
  const there = await vscode.workspace.fs.readFile(file).then(
    (bytes) => bytes,
    () => undefined,
  );
  if (there !== undefined && !saysItIsKept(there)) {
    throw new ApiError(
      'bad-request',
      l10n.t('This file is there already and is no snapshot. Give another name.'),
    );
  }
  return file;
}

/** Rejects with ApiError, BoardError, SessionError, FileError. */
export async function keepMemory(
  parts: ApiParts,
  asked: unknown,
  file: unknown,
  signal: AbortSignal,
): Promise<SnapshotResult> {
  const { services, l10n } = parts;
  const to = await target(file, l10n);
  const {
    offset: _,
    length: __,
    ...resource
  } = askedPlace({ ...Object(asked), offset: 0, length: 1 }, 1, l10n);
  return await JoinedMemory.with(parts, resource, signal, async (memory) => {
    const { session, geometry, epoch } = memory;
    const { tile } = resource;
    if (tile !== undefined && !containsTile(geometry, tile)) {
      throw new ApiError('outside', l10n.t('The memory has no such tile.'));
    }
    const kept = (tile === undefined ? tiles(geometry) : [tile]).map((one) => tileRange(geometry, one));
    for (const range of kept) await memory.refresh(range, signal);
    let missing = 0;
    for (const range of kept) {
      for (const flag of session.bytes(range).flags) {
        if ((flag & stateBits.known) === 0 || isUnreadable(flag)) missing++;
      }
    }
    const all = kept.reduce((sum, { length }) => sum + length, 0);
    if (missing === all && !session.state.inUse) throw freePartition(l10n);
    if (session.state.partition?.epoch !== epoch) throw changedHands(l10n);
    await services.keep(session, resource, to, signal);
    return { missing };
  });
}
