/**
 * A mailbox in tile memory: a kernel writes a flag (a word that is not 0), then four words. Shows how another extension uses
 * Tilescope's API. `tilescope.d.ts` stands two folders up here; an extension of your own takes a copy of it.
 *
 * @typedef {import('../../api/tilescope.d.ts').TilescopeExports} TilescopeExports
 * @typedef {import('../../api/tilescope.d.ts').TilescopeApi} TilescopeApi
 * @typedef {import('../../api/tilescope.d.ts').MemoryPlace} MemoryPlace
 * @typedef {Omit<MemoryPlace, 'length'>} Place
 * @typedef {{ flag: number, words: number[] }} Mailbox
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
      const sizes = memories.map(
        ({ memory, bytesPerTile, tiles }) => `${memory} ${tiles.length} x ${bytesPerTile}`,
      );
      return `  columns ${startCol} to ${startCol + numCols - 1}, ${inUse ? who : 'free'}: ${sizes.join(', ')}`;
    }),
  ]);
}

/**
 * The mailbox at a place: its flag, and the words behind it.
 * @param {Place} place
 * @returns {Promise<Mailbox>}
 */
async function read(place) {
  const api = await tilescope();
  const { bytes, unreadable } = await api.read({ ...place, length: 20 });
  const [gap] = unreadable;
  if (gap !== undefined) throw new Error(`The mailbox cannot be read: ${gap.reason}.`);
  return mailboxOf(bytes);
}

/**
 * The next message: resolves once the kernel has changed the mailbox and its flag is not 0.
 * @param {Place} place
 * @returns {Promise<Mailbox>}
 */
async function next(place) {
  const api = await tilescope();
  /** @type {vscode.Disposable | undefined} */
  let watch;
  try {
    return await new Promise((done, failed) => {
      let isFirst = true;
      api
        .watch({ ...place, length: 20 }, (news) => {
          // A pause ends by itself: there is nothing to do but wait.
          if (news.kind !== 'bytes' || news.unreadable.length > 0) return;
          const mailbox = mailboxOf(news.bytes);
          if (!isFirst && mailbox.flag !== 0) done(mailbox);
          isFirst = false;
        })
        .then((begun) => {
          watch = begun;
        }, failed);
    });
  } finally {
    watch?.dispose();
  }
}

/**
 * Tells the kernel that its message was read: sets the flag to 0, if it is still what was read. Tilescope asks the person.
 * @param {Place} place
 */
async function answer(place) {
  const api = await tilescope();
  const { bytes } = await api.read({ ...place, length: 4 });
  const { outcome } = await api.write(place, new Uint8Array(4), { how: 'immediate', seen: bytes });
  if (outcome !== 'written') throw new Error('The kernel has written another message meanwhile.');
  vscode.window.showInformationMessage('The mailbox is answered.');
}

/**
 * Keeps the tile's memory in a file.
 * @param {Place} place
 * @param {vscode.Uri} file
 */
async function keep({ board, partition, memory, tile }, file) {
  const api = await tilescope();
  return await api.snapshot({ board, partition, memory, ...(tile === undefined ? {} : { tile }) }, file);
}

/** @param {Uint8Array} bytes */
function mailboxOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = [4, 8, 12, 16].map((offset) => view.getUint32(offset, true));
  return { flag: view.getUint32(0, true), words };
}

/**
 * What a command is about: what it was given, else the place of the setting.
 * @param {Place | undefined} given
 * @returns {Place}
 */
function placeOf(given) {
  const place = given ?? vscode.workspace.getConfiguration('mailbox').get('place');
  if (typeof place !== 'object' || place === null) throw new Error('Set mailbox.place first.');
  // Tilescope checks what is in it.
  return /** @type {Place} */ (place);
}

/**
 * A command: what fails is told to the person who ran it from the palette, without arguments; another extension gets the error.
 * @template T
 * @param {string} name
 * @param {(...given: any[]) => Promise<T>} run
 */
function command(name, run) {
  return vscode.commands.registerCommand(name, async (...given) => {
    try {
      return await run(...given);
    } catch (error) {
      if (given.length > 0) throw error;
      vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  });
}

/** @param {vscode.ExtensionContext} context */
exports.activate = (context) => {
  context.subscriptions.push(
    command('mailbox.boards', boards),
    command('mailbox.read', (place) => read(placeOf(place))),
    command('mailbox.next', (place) => next(placeOf(place))),
    command('mailbox.answer', (place) => answer(placeOf(place))),
    command('mailbox.keep', (place, file) => keep(placeOf(place), file)),
  );
};
