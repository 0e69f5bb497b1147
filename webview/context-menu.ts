/**
 * VS Code's menus on the page: which of the manifest's menus an element has, and where the keys open it. It knows nothing of
 * what stands in them.
 */

/** A menu of the manifest (`webviewSection`): at the bytes, and at what says how they are shown. */
type MenuSection = 'grid' | 'header';

/** Has VS Code open this menu on an element, without its own entries for text. */
export function offerMenu(element: HTMLElement, webviewSection: MenuSection): void {
  element.dataset['vscodeContext'] = JSON.stringify({ webviewSection, preventDefaultContextMenuItems: true });
}

/** Has the menu key and Shift+F10 open an element's menu at a point, client pixels, and not where the browser likes. */
export function openMenuAt(
  element: HTMLElement,
  point: () => { readonly x: number; readonly y: number },
): void {
  let isPointed = false;
  element.addEventListener('pointerdown', () => {
    isPointed = true;
  });
  element.addEventListener('keydown', () => {
    isPointed = false;
  });
  element.addEventListener('contextmenu', (event) => {
    if (isPointed || !event.isTrusted) return;
    event.preventDefault();
    const { x, y } = point();
    element.dispatchEvent(
      new MouseEvent('contextmenu', { bubbles: true, cancelable: true, clientX: x, clientY: y }),
    );
  });
}
