/** Which of the commands for bookmarks can do something now. */

/** Where a workspace keeps bookmarks and structures. */
export const bookmarkStore = 'tilescope.bookmarks';

/** Context keys by their names after `tilescope.`. */
export function bookmarkKeys({ count }: { readonly count: number }) {
  return { hasBookmarks: count > 0 };
}
