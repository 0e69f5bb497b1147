/** Made by the build: every suite below `suites/`, loaded after mocha has put its functions in place. */
declare module 'host-suites' {
  export const suites: ReadonlyArray<readonly [name: string, load: () => unknown]>;
}
