/**
 * A mailbox in tile memory: a kernel writes a flag (a word that is not 0), then four words. Shows how another extension uses
 * Tilescope's API. `tilescope.d.ts` stands two folders up here; an extension of your own takes a copy of it.
 *
 * @typedef {import('../../api/tilescope.d.ts').TilescopeExports} TilescopeExports
 * @typedef {import('../../api/tilescope.d.ts').TilescopeApi} TilescopeApi
 * @typedef {import('../../api/tilescope.d.ts').MemoryPlace} MemoryPlace
 */
const vscode = require('vscode');

/** What Tilescope is told: who asks. A person reads this extension's name where consent is needed. */
const caller = 'example.mailbox';

/** @returns {Promise<TilescopeApi>} */
async function tilescope() {
  /** @type {vscode.Extension<TilescopeExports | undefined> | undefined} */
  const extension = vscode.extensions.getExtension('tilescope.tilescope');
  const exports = await extension?.activate();
  if (exports === undefined) throw new Error('Tilescope is not there.');
  return exports.api(1, caller);
}

/**
 * The boards with their partitions, a line each.
 * @returns {Promise<string[]>}
 */
async function boards() {
  const api = await tilescope();
  return (await api.list()).flatMap(({ label, state, partitions }) => [
    `${label}: ${state}`,
    ...partitions.map(({ startCol, numCols, inUse, owner, memories }) => {
      const who = owner === undefined ? 'in use' : `in use by ${owner.command}`;
      const sizes = memories.map(({ memory, bytesPerTile, tiles }) => `${memory} ${tiles.length} x ${bytesPerTile}`);
      return `  columns ${startCol} to ${startCol + numCols - 1}, ${inUse ? who : 'free'}: ${sizes.join(', ')}`;
    }),
  ]);
}

/**
 * The mailbox at a place: its flag, and the words behind it.
 * @param {Omit<MemoryPlace, 'length'>} place
 * @returns {Promise<{ flag: number, words: number[] }>}
 */
async function read(place) {
  const api = await tilescope();
  const { bytes, unreadable } = await api.read({ ...place, length: 20 });
  const [gap] = unreadable;
  if (gap !== undefined) throw new Error(`The mailbox cannot be read: ${gap.reason}.`);
  return mailboxOf(bytes);
}

/** @param {Uint8Array} bytes */
function mailboxOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = [4, 8, 12, 16].map((offset) => view.getUint32(offset, true));
  return { flag: view.getUint32(0, true), words };
}

/** @param {vscode.ExtensionContext} context */
exports.activate = (context) => {
  context.subscriptions.push(
    vscode.commands.registerCommand('mailbox.boards', boards),
    vscode.commands.registerCommand('mailbox.read', read),
  );
};
