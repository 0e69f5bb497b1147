/** Messages between the page and the bench's process as text: what JSON does not know are runs of bytes. */

const bytesKey = '$bytes';

/** Bytes of one part of a call: more arguments than an engine takes are none at once. */
const part = 8192;

function textOf(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += part)
    text += String.fromCharCode(...bytes.subarray(at, at + part));
  return btoa(text);
}

/** A message as text. */
export function packMessage(message: unknown): string {
  return JSON.stringify(message, (_, value: unknown) =>
    value instanceof Uint8Array ? { [bytesKey]: textOf(value) } : value,
  );
}

/** A text of `packMessage` as the message that it was. */
export function unpackMessage(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => {
    const packed: unknown =
      typeof value === 'object' && value !== null ? Reflect.get(value, bytesKey) : undefined;
    return typeof packed === 'string'
      ? Uint8Array.from(atob(packed), (character) => character.charCodeAt(0))
      : value;
  });
}
