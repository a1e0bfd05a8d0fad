/** Commands in help and hints as the person can type them: with `codec-lm` in front where that was typed. */

/** The programs with their commands; what is no command is prose. */
const COMMANDS = [
  'pipeline (?:run|plan|status|finalize)',
  'shards (?:inspect|verify|extract)',
  'trainer (?:fit|sample|score|serve|report|export|import|estimate|evaluate|config)',
  'tokenizer (?:train|encode|decode|inspect)',
];
const COMMAND = new RegExp(`(?<!codec-lm |[\\w/.-])(?:${COMMANDS.join('|')})\\b`, 'g');

/**
 * @param text help or a hint in which commands stand as `trainer fit`
 * @param called how the running program was called: `trainer`, or `codec-lm trainer`
 */
export function asTyped(text: string, called: string): string {
  if (!called.startsWith('codec-lm')) return text;
  return text.replace(COMMAND, (found) => `codec-lm ${found}`);
}
