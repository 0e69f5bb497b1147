/** The index of the first of `wanted` in `bytes` from `from` on; -1 for none. Node's own way: many bytes at once. */
export function indexOf(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  // It takes any bytes; making a Buffer of them for each page would cost more than the search.
  return Buffer.prototype.indexOf.call(bytes, wanted, from);
}
