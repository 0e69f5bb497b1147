/** The commands for other extensions and tasks, `tilescope.api.NAME`; what they take stands in `docs/api.md`. */
export const commandNames = ['list', 'read', 'write', 'waitForChange', 'snapshot'] as const;

export type CommandName = (typeof commandNames)[number];
