/** Paths as compilers write them, of any operating system. */

/** Whether the path needs no folder before it. Chess writes places of its installation as `%PROCDIR%/...`. */
function isAbsolute(path: string): boolean {
  return /^(?:[/\\%]|[A-Za-z]:[/\\])/.test(path);
}

/** The path as seen from the folder; the path itself where it is absolute or the folder is not known. */
export function joinPath(folder: string, path: string): string {
  if (folder === '' || isAbsolute(path)) return path;
  if (path === '') return folder;
  const separator = folder.includes('\\') && !folder.includes('/') ? '\\' : '/';
  return folder.endsWith(separator) ? `${folder}${path}` : `${folder}${separator}${path}`;
}
