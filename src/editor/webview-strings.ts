/** The words that the hex editor's page shows. In `src` so that the export of localisable strings finds them. */
import { actionNames } from '../model/action-names.ts';
import type { Localiser } from '../model/localiser.ts';

/**
 * Every string of the page by its key. `{0}` and so on stay in the result: the page fills them in.
 */
export function webviewStrings(l10n: Localiser) {
  const { apply, discard, refresh, unlock, lock } = actionNames(l10n);
  return {
    // Buttons and labels around the grid.
    apply,
    applyHint: l10n.t('Write the staged edits to the device and read them back'),
    discard,
    discardHint: l10n.t('Drop the staged edits. Undo brings them back.'),
    refresh,
    refreshHint: l10n.t('Read the shown memory again'),
    unlock,
    lock,
    retry: l10n.t('Retry'),
    policyLocked: l10n.t('Locked'),
    policyLockedHint: l10n.t('Typing changes nothing. Unlock to stage edits.'),
    policyStaged: l10n.t('Staged'),
    policyBeside: l10n.t('Staged beside {0}'),
    policyBesideHint: l10n.t(
      'Applied bytes may be changed or used by the running application at once. Ends when it ends.',
    ),
    computeRow: l10n.t('compute row {0}'),
    policyStagedHint: l10n.t('Typed bytes are kept here. Apply writes them to the device.'),
    offline: l10n.t('Offline'),
    connected: l10n.t('Connected'),
    reading: l10n.t('Reading...'),
    readingPercent: l10n.t('Reading... {0} %'),
    stagedCount: l10n.t('{0} staged'),
    conflictCount: l10n.t('{0} in conflict'),
    bufferOffset: l10n.t('Buffer'),
    tileOffset: l10n.t('Tile'),
    characters: l10n.t('Characters'),
    toolbar: l10n.t('Edits'),
    cursorDetails: l10n.t('Byte at the cursor'),
    message: l10n.t('Message'),
    scrollbar: l10n.t('Position in the memory'),
    gridName: l10n.t('Bytes of {0}'),
    gridHelp: l10n.t(
      'Arrow keys move, with Shift they select. Digits overwrite the cell, Enter edits its value, in the characters column any character overwrites the byte. Tab changes the column and then leaves the grid.',
    ),
    fieldName: l10n.t('New value of the cell'),
    fieldBecomes: l10n.t('{0} = {1}. Enter stages it, Escape leaves the cell as it is.'),

    // A byte in words: the line at the bottom, the hover, and what a screen reader says.
    cursorTile: l10n.t('Tile {0}'),
    cursorTileOffset: l10n.t('tile offset 0x{0}'),
    cursorBufferOffset: l10n.t('buffer offset 0x{0}'),
    cursorSelection: l10n.t('{0} bytes selected (0x{1})'),
    valueHex: l10n.t('value {0}'),
    valueCell: l10n.t('{0} {1} = {2}'),
    bigEndianName: l10n.t('{0} big-endian'),
    valueCut: l10n.t('cut by the edge of the memory'),
    valueUnknown: l10n.t('not read yet'),
    stagedWas: l10n.t('staged, was {0}'),
    stagedOverUnknown: l10n.t('staged, the old value is not known'),
    conflictDevice: l10n.t('in conflict: yours {0}, device {1}'),
    changed: l10n.t('changed since the last read'),
    unreadable: l10n.t('cannot be read: {0}'),
    reasonGated: l10n.t('the clock of this tile is off'),
    reasonDriverGated: l10n.t('the driver treats this tile as gated although its clock is on'),
    reasonClocksUnknown: l10n.t('nothing says for sure whether the clock of this tile is on'),
    reasonCoreRunning: l10n.t('its core is running'),
    reasonBusError: l10n.t('the access failed on the bus'),
    reasonNoWay: l10n.t('there is no safe way to it beside its owner'),
    reasonNotRead: l10n.t('the read ended before it was reached'),
    reasonUnknown: l10n.t('the board gave no reason'),
    paneHex: l10n.t('hexadecimal'),
    paneCells: l10n.t('{0} cells'),
    paneCharacters: l10n.t('characters'),

    // Answers to what a person tried.
    lockedRefusal: l10n.t('Nothing was changed: this memory is locked. Unlock it to stage edits.'),
    unreadableRefusal: l10n.t('This byte cannot be edited: {0}.'),
    unreadableManyRefusal: l10n.t('Nothing was changed: {0} of these {1} bytes cannot be read: {2}.'),
    cellCutRefusal: l10n.t(
      'This cell is cut by the edge of the memory. Choose smaller cells to edit its bytes.',
    ),
    valueUnclear: l10n.t('This is no {0} value.'),
    valueOutside: l10n.t('This does not fit into {0}: {1} to {2} do.'),
    unknownRefusal: l10n.t('This byte cannot be edited before it was read.'),
    readingBeforeCopy: l10n.t('Reading what was not read yet, to copy {0} bytes...'),
    readingBeforeEdit: l10n.t('Reading what was not read yet, to edit {0} bytes...'),
    doingPercent: l10n.t('{0} {1} %'),
    stillReading: l10n.t('Bytes are still being read for the last copy or edit. Wait, or cancel it.'),
    cancel: l10n.t('Cancel'),
    clipboardRefused: l10n.t(
      'Nothing was copied: the clipboard can be used only while this editor has the focus. The bytes are read now: copy again.',
    ),
    pasteNotHex: l10n.t(
      'The clipboard holds no hexadecimal text. To paste it as characters, change to the characters column with Tab.',
    ),
    pasteNotCells: l10n.t(
      'The clipboard holds no {0} values. To paste it as characters, change to the characters column with Tab.',
    ),
    pasteEmpty: l10n.t('The clipboard holds no text.'),
    pasteTooLong: l10n.t(
      'Nothing was pasted: {0} bytes do not fit into the {1} that are left. Move the cursor or copy less.',
    ),
    zeroTooLong: l10n.t('Nothing was set to zero: {0} bytes are selected, at most {1} can be set at once.'),
    pasted: l10n.t('{0} bytes staged.'),
    copied: l10n.t('{0} bytes copied.'),
    copiedBut: l10n.t('{0} bytes copied. Of the {1} that are selected, {2} could not be read.'),
    copyTooLong: l10n.t('Nothing was copied: {0} bytes are selected, at most {1} can be copied as text.'),
    copyFailed: l10n.t('Nothing was copied: {0}'),
    pendingDigit: l10n.t('First digit {0}. Type the second, or Escape to leave the byte as it is.'),
    pendingDigits: l10n.t('Digits {0}. Type {1} more, or Escape to leave the cell as it is.'),
    editTyped: l10n.t('Type'),
    editPasted: l10n.t('Paste'),
    editZeroed: l10n.t('Set to zero'),
    editFailed: l10n.t('The edit was not taken: {0}'),
    bytesFailed: l10n.t('These bytes could not be shown: {0}'),
    timedOut: l10n.t('The editor did not answer within {0} seconds.'),
    cancelled: l10n.t('Cancelled.'),
    badAnswer: l10n.t('The editor answered with something this page does not understand.'),
  };
}
