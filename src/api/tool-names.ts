/** The tools that language models see; what they take stands in the manifest. */
export const toolNames = [
  'tilescope_boards',
  'tilescope_read',
  'tilescope_explain',
  'tilescope_write',
] as const;

export type ToolName = (typeof toolNames)[number];
