/**
 * Keys of VS Code that act on the memory editor in front, whatever has the focus. A docked memory is not that editor: its page
 * keeps them, so that a key that is pressed in it never changes or writes another memory.
 */

/** As the manifest names them; those for the clipboard never leave the page. */
export const editorChords: ReadonlySet<string> = new Set([
  'ctrl+s',
  'ctrl+alt+r',
  'ctrl+g',
  'ctrl+f',
  'ctrl+h',
  'f3',
  'shift+f3',
  'alt+f5',
  'shift+alt+f5',
  'ctrl+alt+c',
  'ctrl+alt+v',
  'ctrl+alt+f',
  'ctrl+shift+alt+f',
  'ctrl+alt+a',
  'alt+pagedown',
  'alt+pageup',
  'f7',
  'shift+f7',
  'ctrl+alt+k',
  'f8',
  'shift+f8',
]);

/** The part of a key's event that says which one it is. */
export type KeyPress = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>;

/** Whether VS Code would act on the editor in front; a letter counts by its place and by what the layout makes of it. */
export function isEditorChord(press: KeyPress): boolean {
  const chord = (key: string): string =>
    [
      ...(press.ctrlKey || press.metaKey ? ['ctrl'] : []),
      ...(press.shiftKey ? ['shift'] : []),
      ...(press.altKey ? ['alt'] : []),
      key.toLowerCase(),
    ].join('+');
  return editorChords.has(chord(press.key)) || editorChords.has(chord(press.code.replace(/^Key/, '')));
}
