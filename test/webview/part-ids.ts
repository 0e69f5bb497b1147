/** Where the harness leaves the parts of a page that begins as a short one: the fake host sends them once they are asked for. */
export const partIds = { style: 'page-style', script: 'page-script' } as const;
