/**
 * The API as commands that take and answer texts and numbers: for tasks (`${input:...}`), and for extensions of another
 * extension host. Bytes are hexadecimal numbers.
 */
import * as v from 'valibot';
import * as vscode from 'vscode';
import type { After } from '../model/later.ts';
import { hexPairs } from '../model/numbers.ts';
import { fitting, textUpTo, whole } from '../model/shapes.ts';
import { ApiError } from './api-error.ts';
import type { CommandName } from './command-names.ts';
import type { LoadedApi } from './loaded.ts';
import { noBoard, outside } from './refusals.ts';
import type { Caller } from './writes.ts';

/** Characters of bytes that are to be written. */
const mostHex = 12_288;
/** How long a change may be waited for, milliseconds. */
const longestWait = 600_000;

const hexShape = v.pipe(
  textUpTo(mostHex),
  v.transform((text) => text.replace(/\s+/g, '')),
  v.regex(/^([0-9a-f]{2})+$/i),
  v.transform((text) => Uint8Array.from(Buffer.from(text, 'hex'))),
);
const writeShape = v.object({ bytes: hexShape, how: v.optional(v.picklist(['staged', 'immediate'])) });
const waitShape = v.object({ timeoutMs: v.optional(whole(1, longestWait), 60_000) });
const fileShape = v.object({ file: textUpTo(4096) });

/** Rejects as the API does. */
export async function runCommand(
  name: CommandName,
  api: LoadedApi,
  caller: Caller,
  asked: unknown,
  after: After,
  signal: AbortSignal,
): Promise<string> {
  switch (name) {
    case 'list':
      return JSON.stringify(await api.access.list());
    case 'read': {
      const { bytes, unreadable } = await api.access.read(asked, signal);
      const [gap] = unreadable;
      if (gap === undefined) return hexPairs(bytes, false);
      throw new ApiError(
        'failed',
        vscode.l10n.t('{0} of these bytes cannot be read: {1}.', gap.length, gap.reason),
      );
    }
    case 'write': {
      const { bytes, how } = checked(writeShape, asked);
      const options = how === undefined ? {} : { how };
      return JSON.stringify(await api.writes.write(caller, asked, bytes, options, signal));
    }
    case 'waitForChange':
      return await nextChange(api, asked, checked(waitShape, asked).timeoutMs, after);
    case 'snapshot': {
      const file = vscode.Uri.file(checked(fileShape, asked).file);
      return JSON.stringify(await api.keep(asked, file, signal));
    }
  }
}

function checked<S extends v.GenericSchema>(shape: S, asked: unknown): v.InferOutput<S> {
  const fits = fitting(shape, asked);
  if (fits !== undefined) return fits;
  throw new ApiError('bad-request', vscode.l10n.t('This is not what the command takes: see docs/api.md.'));
}

/** The bytes once they are no more what they are at first. */
async function nextChange(api: LoadedApi, asked: unknown, timeoutMs: number, after: After): Promise<string> {
  let first: string | undefined;
  let end: { dispose(): void } | undefined;
  let timer: { dispose(): void } | undefined;
  try {
    return await new Promise<string>((done, failed) => {
      end = api.watch(asked, {}, (news) => {
        if (news.kind === 'paused') {
          // One look decides: it is asked for again once there is something to wait for.
          if (news.why === 'no-board') failed(noBoard(vscode.l10n));
          if (news.why === 'outside') failed(outside(vscode.l10n));
          return;
        }
        if (news.unreadable.length > 0) return;
        const text = hexPairs(news.bytes, false);
        first ??= text;
        if (text !== first) done(text);
      });
      timer = after(timeoutMs, () =>
        failed(new ApiError('timeout', vscode.l10n.t('Nothing changed in {0} s.', timeoutMs / 1000))),
      );
    });
  } finally {
    timer?.dispose();
    end?.dispose();
  }
}
